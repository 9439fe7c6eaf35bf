/** How bad a link is to be: `--loss`, `--delay`, `--jitter`, `--rate` of `network degrade`. */

import {ClocheError} from '../../base/errors.js';
import type {Harm} from '../../network/faults/model.js';
import {parseNanoseconds} from './duration.js';
import {Unacceptable} from './unacceptable.js';

/** In words, as the command line has them. */
export interface HarmWords {
	/** `10%` */
	loss?: string | undefined;
	/** `100ms` */
	delay?: string | undefined;
	/** `10ms` */
	jitter?: string | undefined;
	/** `1mbit` */
	rate?: string | undefined;
}

const PARTS = 10_000;

/** `'10%'` → of a million. */
export const parseLoss = (text: string): number => {
	const [, number] = /^(\d{1,3}(?:\.\d{1,4})?)%$/.exec(text) ?? [];
	if (number === undefined || Number(number) > 100) {
		throw new Unacceptable('not a percentage', 'one from 0% to 100%, as 10% or 0.5%');
	}

	return Math.round(Number(number) * PARTS);
};

const LONGEST_MS = 60_000;

/** `'100ms'` → microseconds. A lone number would count seconds elsewhere, and milliseconds for those who know such tools. */
export const parseDelay = (text: string): number => {
	if (/^\d+$/.test(text) && text !== '0') {
		throw new Unacceptable('it has no unit', 'a number and us, ms or s, as 100ms');
	}

	const microseconds = Number(parseNanoseconds(text) / 1000n);
	if (microseconds > LONGEST_MS * 1000) {
		throw new Unacceptable('longer than a minute', 'at most 60s');
	}

	return microseconds;
};

const BITS = {bit: 1, kbit: 1e3, mbit: 1e6, gbit: 1e9} as const;

const isUnit = (word: string): word is keyof typeof BITS => Object.hasOwn(BITS, word);

/** `'1mbit'` → bits a second; `0` takes a rate away. */
export const parseRate = (text: string): number => {
	const [, number = '', unit = ''] = /^(\d{1,12}(?:\.\d{1,3})?)([a-z]*)$/i.exec(text) ?? [];
	const word = unit.toLowerCase();
	if (text === '0') {
		return 0;
	}

	if (number === '' || !isUnit(word)) {
		throw new Unacceptable('not a rate', 'a number and bit, kbit, mbit or gbit (a second), as 1mbit');
	}

	const rate = Math.round(Number(number) * BITS[word]);
	if (rate !== 0 && (rate < BITS.kbit || rate > 100 * BITS.gbit)) {
		throw new Unacceptable('no link is that', 'one from 1kbit to 100gbit');
	}

	return rate;
};

const PARSERS = {loss: parseLoss, delay: parseDelay, jitter: parseDelay, rate: parseRate} as const;

/** @throws ClocheError that names the option */
export const readHarm = (words: HarmWords, label: (option: keyof HarmWords) => string): Harm => {
	const harm: Harm = {};
	for (const option of ['loss', 'delay', 'jitter', 'rate'] as const) {
		const text = words[option];
		if (text === undefined) {
			continue;
		}

		try {
			harm[option] = PARSERS[option](text);
		} catch (cause) {
			throw cause instanceof Unacceptable ? new ClocheError(`${label(option)} ${text}`, {why: cause.why, remedy: `give ${cause.accepted}`}) : cause;
		}
	}

	if (Object.keys(harm).length === 0) {
		throw new ClocheError('nothing to make worse', {remedy: `give ${(['loss', 'delay', 'rate'] as const).map(option => label(option)).join(', ').replace(/, (?=[^,]*$)/, ' or ')}`});
	}

	if (harm.jitter !== undefined && harm.jitter > (harm.delay ?? 0)) {
		throw new ClocheError(`${label('jitter')} ${words.jitter}`, {why: harm.delay === undefined ? `without ${label('delay')}` : `more than ${label('delay')}`, remedy: 'a packet can\'t arrive before it is sent: give a longer delay'});
	}

	return harm;
};
