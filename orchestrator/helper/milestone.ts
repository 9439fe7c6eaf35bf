/**
 * A promise that is made only when someone asks for it: a launch has five, and most callers look at one.
 * It never causes an unhandled rejection: whoever asked is told, and nobody has to ask.
 */
export class Milestone<T> {
	#outcome: {value: T} | {error: Error} | undefined;
	#promise: Promise<T> | undefined;
	#resolve: ((value: T) => void) | undefined;
	#reject: ((error: Error) => void) | undefined;

	/** Whether it is decided, one way or the other. */
	get settled(): boolean {
		return this.#outcome !== undefined;
	}

	get promise(): Promise<T> {
		this.#promise ??= this.#make();
		return this.#promise;
	}

	/** The first outcome counts; a later one is ignored. */
	resolve(value: T): void {
		if (this.#outcome === undefined) {
			this.#outcome = {value};
			this.#resolve?.(value);
		}
	}

	/** The first outcome counts; a later one is ignored. */
	reject(error: Error): void {
		if (this.#outcome === undefined) {
			this.#outcome = {error};
			this.#reject?.(error);
		}
	}

	#make(): Promise<T> {
		const outcome = this.#outcome;
		const promise = new Promise<T>((resolve, reject) => {
			if (outcome === undefined) {
				this.#resolve = resolve;
				this.#reject = reject;
			} else if ('error' in outcome) {
				reject(outcome.error);
			} else {
				resolve(outcome.value);
			}
		});
		promise.catch(() => undefined); // Marks it as handled; whoever awaits it still gets the error.
		return promise;
	}
}
