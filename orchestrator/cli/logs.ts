/** `cloche logs`. */

import {ClocheError} from '../base/errors.js';
import {readLogInBatches} from '../container/log/read.js';
import type {LogRecord, LogStream} from '../container/log/record.js';
import {findContainer} from '../container/store/find.js';
import {stateRoots} from '../container/store/roots.js';
import type {Command, CommandValues} from './commands.js';
import {requireOne} from './each.js';
import {momentOptions, readMoment} from './life-options.js';
import {writeAll} from './output.js';

const DESCRIPTORS = {stdout: 1, stderr: 2} as const;

/** As much as a pipe takes, and more than one record. */
const ROOM = 65_536;

/** Writes records to our own two streams, in their order, with few writes. */
class LogWriter {
	readonly #timestamps: boolean;
	readonly #room = Buffer.allocUnsafeSlow(ROOM);
	readonly #lineOpen = {stdout: false, stderr: false};
	#used = 0;
	#stream: LogStream = 'stdout';

	constructor(timestamps: boolean) {
		this.#timestamps = timestamps;
	}

	/** @returns `false` where nobody reads on */
	write(records: readonly LogRecord[]): boolean {
		return records.every(record => this.#writeOne(record)) && this.#flush();
	}

	#writeOne(record: LogRecord): boolean {
		const {stream, data, partial} = record;
		if (stream !== this.#stream && !this.#flush()) {
			return false;
		}

		this.#stream = stream;
		const stamp = this.#timestamps && !this.#lineOpen[stream];
		this.#lineOpen[stream] = partial;
		return (!stamp || this.#add(Buffer.from(`${record.time} `))) && this.#add(data);
	}

	#add(data: Buffer): boolean {
		if (data.length > ROOM - this.#used && !this.#flush()) {
			return false;
		}

		if (data.length > ROOM) {
			return writeAll(DESCRIPTORS[this.#stream], data);
		}

		this.#used += data.copy(this.#room, this.#used);
		return true;
	}

	#flush(): boolean {
		const bytes = this.#room.subarray(0, this.#used);
		this.#used = 0;
		return bytes.length === 0 || writeAll(DESCRIPTORS[this.#stream], bytes);
	}
}

const readTail = (value: CommandValues[string] | undefined): number | undefined => {
	if (typeof value !== 'string' || value === 'all') {
		return undefined;
	}

	if (!/^\d{1,15}$/.test(value)) {
		throw new ClocheError(`--tail ${value}`, {why: 'not a number of lines', remedy: 'give a number, or all'});
	}

	return Number(value);
};

const main: Command['main'] = async (operands, values, {root}) => {
	const word = requireOne(operands, 'logs');
	const tail = readTail(values['tail']);
	const since = readMoment('since', values);
	const until = readMoment('until', values);
	const roots = stateRoots({root});
	const writer = new LogWriter(values['timestamps'] === true);
	const records = readLogInBatches(roots, findContainer(roots, word), {
		follow: values['follow'] === true,
		...(tail === undefined ? {} : {tail}),
		...(since === undefined ? {} : {since}),
		...(until === undefined ? {} : {until}),
	});
	for await (const batch of records) {
		if (!writer.write(batch)) {
			break; // Nobody reads on, as behind a pipe to head: that is no failure.
		}
	}

	return 0;
};

export const logs: Command = {
	table: {
		name: 'logs',
		operands: 'CONTAINER',
		summary: 'Print what a detached container wrote, each of its two streams to our own.',
		description: ['Bytes that couldn\'t be kept (a full disk) are told of by a line on standard error.'],
		groups: [{title: 'Options', options: [
			{name: 'follow', short: 'f', type: 'boolean', doc: 'go on until the container ends'},
			{name: 'tail', short: 'n', type: 'string', value: 'LINES', doc: 'only so many from the end', default: 'all'},
			{name: 'timestamps', short: 't', type: 'boolean', doc: 'the time of each line before it'},
			...momentOptions,
		]}],
		interspersed: true,
		examples: [
			['cloche logs -f --tail 10 web', 'the last ten lines, and what comes'],
			['cloche logs --since 10m web 2>errors', 'ten minutes\' worth, standard error apart'],
		],
	},
	main,
};
