/** The keys that end an attachment and not the container: `--detach-keys`, in docker's words. */

import {ClocheError} from '../base/errors.js';
import type {CommandValues} from './commands.js';
import type {OptionEntry} from './options.js';

/** As docker has them. */
const DEFAULT = 'ctrl-p,ctrl-q';

const ACCEPTED = 'keys with commas between: a letter, or ctrl- and one of a-z @ [ \\ ] ^ _, as ctrl-p,ctrl-q';

const parseKey = (key: string): number => {
	const [, control] = /^ctrl-([a-zA-Z@[\\\]^_])$/.exec(key) ?? [];
	if (control !== undefined) {
		return control.toUpperCase().charCodeAt(0) & 0x1F;
	}

	if (!/^[\u0020-\u007E]$/.test(key)) {
		throw new ClocheError('--detach-keys', {why: `not a key: ${JSON.stringify(key)}`, remedy: `give ${ACCEPTED}`});
	}

	return key.charCodeAt(0);
};

export const detachKeysOption: OptionEntry = {name: 'detach-keys', type: 'string', value: 'KEYS', doc: 'what leaves a terminal, as ctrl-a,d', default: DEFAULT};

/** `'ctrl-p,ctrl-q'` → the bytes that those keys send. */
export const parseDetachKeys = (text = DEFAULT): Buffer => Buffer.from(text.split(',').map(key => parseKey(key)));

/** @throws ClocheError where what was given aren't keys */
export const readDetachKeys = ({'detach-keys': keys}: CommandValues): Buffer => parseDetachKeys(typeof keys === 'string' ? keys : undefined);

/** Finds the keys in what is typed; holds back what may be their beginning. */
export class DetachKeys {
	readonly #keys: Buffer;
	/** So many of the keys were typed last. */
	#held = 0;

	constructor(keys: Buffer) {
		this.#keys = keys;
	}

	/** What is for the container, and whether all keys have been typed; nothing after them counts. */
	take(typed: Uint8Array): {passed: Buffer; detached: boolean} {
		const all = Buffer.concat([this.#keys.subarray(0, this.#held), typed]);
		const at = all.indexOf(this.#keys);
		if (at >= 0) {
			this.#held = 0;
			return {passed: all.subarray(0, at), detached: true};
		}

		this.#held = this.#beginning(all);
		return {passed: all.subarray(0, all.length - this.#held), detached: false};
	}

	/** The longest beginning of the keys that `all` ends in. */
	#beginning(all: Buffer): number {
		let length = Math.min(this.#keys.length - 1, all.length);
		while (length > 0 && !all.subarray(all.length - length).equals(this.#keys.subarray(0, length))) {
			length--;
		}

		return length;
	}
}
