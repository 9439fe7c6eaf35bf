/** Takes options one by one, parses them, and says which one it was that could not be had. */

import {ClocheError} from '../../base/errors.js';
import type {Many, RunOptions} from './run-options.js';
import {kindOf, Unacceptable} from './unacceptable.js';

/** How an option is called towards whoever set it: `--stop-signal` on the command line, `stopSignal` in the library. */
export type Label = (option: keyof RunOptions) => string;

type Parser<T> = (value: string) => T;

/** What isn't text was not taken by `RunOptions`' types; plain JavaScript can still pass it. */
const toText = (value: unknown): string => {
	if (typeof value === 'string') {
		return value;
	}

	if (typeof value === 'number' && Number.isSafeInteger(value)) {
		return String(value);
	}

	throw new Unacceptable(`it is ${kindOf(value)}`, 'text');
};

const shown = (value: unknown): string => typeof value === 'string' || typeof value === 'number' ? ` ${value}` : '';

export class OptionReader {
	readonly #label: Label;

	constructor(label: Label) {
		this.#label = label;
	}

	/** The parsed value, or `undefined` where the option isn't set. */
	one<T>(option: keyof RunOptions, value: unknown, parse: Parser<T>): T | undefined {
		return value === undefined ? undefined : this.#parse(option, value, text => parse(text));
	}

	/** Every parsed value of an option that can be given more than once. */
	many<V, T>(option: keyof RunOptions, values: Many<V> | undefined, parse: Parser<T>): T[] {
		const list: readonly unknown[] = values === undefined ? [] : Array.isArray(values) ? values : [values];
		return list.map(value => this.#parse(option, value, parse));
	}

	/** All values of an option at once, where they depend on each other. */
	together<T>(option: keyof RunOptions, value: unknown, take: () => T): T {
		try {
			return take();
		} catch (error) {
			throw this.#refusal(option, value, error);
		}
	}

	flag(option: keyof RunOptions, value: unknown): boolean {
		if (value !== undefined && typeof value !== 'boolean') {
			throw this.#refusal(option, value, new Unacceptable(`it is ${kindOf(value)}`, 'true or false'));
		}

		return value ?? false;
	}

	/** That options don't go together, or ask for what isn't there. */
	conflict(option: keyof RunOptions, why: string, remedy: string): ClocheError {
		return new ClocheError(this.#label(option), {why, remedy});
	}

	label(option: keyof RunOptions): string {
		return this.#label(option);
	}

	#parse<T>(option: keyof RunOptions, value: unknown, parse: Parser<T>): T {
		return this.together(option, value, () => {
			const text = toText(value);
			if (text.includes('\0')) {
				throw new Unacceptable('it holds a NUL', 'text without one');
			}

			return parse(text);
		});
	}

	#refusal(option: keyof RunOptions, value: unknown, error: unknown): ClocheError {
		const what = this.#label(option) + shown(value);
		return error instanceof Unacceptable
			? new ClocheError(what, {why: error.why, remedy: `give ${error.accepted}`})
			: new ClocheError(what, {cause: error});
	}
}
