/** Waits until something in a directory changes. */

import {type FSWatcher, watch} from 'node:fs';

/** Who dies says nothing, and inotify may be used up (inotify(7), max_user_watches) or not be there (network file systems). */
const LOOK_MS = 1000;
const BLIND_MS = 100;

export class Watcher {
	readonly #watchers: FSWatcher[] = [];
	#blind = false;
	#changed = false;
	#wake: (() => void) | undefined;

	/** From now on: a change before the first wait ends that. Directories that aren't there are looked at from time to time. */
	constructor(directories: readonly string[], signal?: AbortSignal) {
		for (const directory of directories) {
			this.#watch(directory);
		}

		signal?.addEventListener('abort', this.#note, {once: true});
	}

	/** Wait until something has changed since the last time, or it is time for a look. */
	async changed(most = LOOK_MS): Promise<void> {
		if (!this.#changed) {
			let timer: NodeJS.Timeout | undefined;
			await new Promise<void>(resolve => {
				this.#wake = resolve;
				timer = setTimeout(resolve, Math.max(0, Math.min(most, this.#blind ? BLIND_MS : LOOK_MS)));
			});
			clearTimeout(timer);
		}

		this.#changed = false;
	}

	close(): void {
		for (const watcher of this.#watchers.splice(0)) {
			watcher.close();
		}
	}

	readonly #note = (): void => {
		this.#changed = true;
		this.#wake?.();
	};

	#watch(directory: string): void {
		try {
			const watcher = watch(directory, this.#note);
			watcher.on('error', () => {
				this.#blind = true;
			});
			this.#watchers.push(watcher);
		} catch {
			this.#blind = true;
		}
	}
}
