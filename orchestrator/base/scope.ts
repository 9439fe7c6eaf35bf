/** What was set up is torn down in the opposite order, whatever happens. */

/** Something to undo; awaited. */
export type Teardown = () => unknown;

/**
 * A stack of teardowns. `close` runs them, the last one first, each one even if another failed.
 *
 * @example
 * await using scope = new Scope();
 * mkdirSync(directory);
 * scope.defer(() => rmSync(directory, {recursive: true}));
 * return scope.steal(); // it went well: the caller owns the teardown now
 */
export class Scope implements AsyncDisposable {
	#teardowns: Teardown[] = [];
	#closed = false;
	#closing: Promise<void> | undefined;

	/** Undo this at the end. On a closed scope that is a mistake of the caller's. */
	defer(teardown: Teardown): void {
		if (this.#closed) {
			throw new Error('the scope is closed: nothing would undo this');
		}

		this.#teardowns.push(teardown);
	}

	/** Dispose of `resource` at the end; hands it back. */
	use<T extends AsyncDisposable | Disposable>(resource: T): T {
		this.defer(async () => {
			await (Symbol.asyncDispose in resource ? resource[Symbol.asyncDispose]() : resource[Symbol.dispose]());
		});
		return resource;
	}

	/** Hand everything over to a new scope; this one then has nothing to undo. */
	steal(): Scope {
		const heir = new Scope();
		heir.#teardowns = this.#teardowns;
		this.#teardowns = [];
		return heir;
	}

	/** Run the teardowns. Calling again waits for the same run. Rejects with what failed: the error itself, or an AggregateError of several. */
	async close(): Promise<void> {
		this.#closed = true;
		this.#closing ??= this.#run();
		await this.#closing;
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.close();
	}

	async #run(): Promise<void> {
		const errors: unknown[] = [];
		for (let teardown = this.#teardowns.pop(); teardown !== undefined; teardown = this.#teardowns.pop()) {
			try {
				await teardown();
			} catch (error) {
				errors.push(error);
			}
		}

		if (errors.length === 1) {
			throw errors[0];
		}

		if (errors.length > 1) {
			throw new AggregateError(errors, `${errors.length} teardowns failed`);
		}
	}
}
