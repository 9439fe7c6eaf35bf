/** The two outputs of a command: shown as streams to whoever asks, and kept for the result. */

import type {Readable} from 'node:stream';
import type {Execution} from '../container/execution.js';
import type {Streams} from '../helper/streams.js';
import {collect, type Collected} from './collect.js';
import type {StreamOptions} from './options.js';
import {OutputStandIn} from './stand-in.js';

type OutputName = 'stdout' | 'stderr';

const MAX_BUFFER = 100_000_000;

/**
 * Most commands are over in a moment, and what they wrote can then be read in one go, without the two sockets that would
 * cost more than a start's system calls. Output that someone follows is never kept waiting.
 */
const MOMENT_MS = 4;

export class Outputs {
	readonly #options: StreamOptions;
	readonly #shown = {stdout: new OutputStandIn(), stderr: new OutputStandIn()};

	constructor(options: StreamOptions) {
		this.#options = options;
	}

	get stdout(): Readable {
		return this.#shown.stdout.stream;
	}

	get stderr(): Readable {
		return this.#shown.stderr.stream;
	}

	/** Start to read. What is kept resolves at the end of each; more than `maxBuffer` of it kills the container. */
	async take(container: Execution, streams: Streams): Promise<{stdout: Promise<Collected>; stderr: Promise<Collected>}> {
		if (!this.#isFollowed('stdout') && !this.#isFollowed('stderr')) {
			await aMoment(container);
		}

		const onOverflow = (): void => {
			container.lifecycle.kill();
		};

		return {stdout: this.#take('stdout', streams, onOverflow), stderr: this.#take('stderr', streams, onOverflow)};
	}

	/** The container has ended: what it wrote is taken to the end, whether or not anyone reads. */
	flush(): void {
		this.#shown.stdout.flush();
		this.#shown.stderr.flush();
	}

	/** Someone wants it as it comes. */
	#isFollowed(name: OutputName): boolean {
		return this.#options[name] === 'inherit' || this.#shown[name].isUsed;
	}

	#take(name: OutputName, streams: Streams, onOverflow: () => void): Promise<Collected> {
		const {maxBuffer = MAX_BUFFER, [name]: where = 'pipe'} = this.#options;
		const rest = this.#isFollowed(name) ? undefined : streams.readRest(name);
		const stream = rest?.ended === true ? undefined : streams[name];
		this.#shown[name].connect(stream, rest?.bytes);
		if (where === 'inherit') {
			stream?.pipe(process[name], {end: false});
		}

		return where === 'pipe' ? collect(stream, maxBuffer, onOverflow, rest?.bytes) : collect(undefined, maxBuffer, onOverflow);
	}
}

const aMoment = ({outcome}: Execution): Promise<void> => new Promise(resolve => {
	const timer = setTimeout(resolve, MOMENT_MS);
	const end = (): void => {
		clearTimeout(timer);
		resolve();
	};

	outcome.then(end, end);
});
