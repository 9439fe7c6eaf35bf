/** A lab's definition from a file, in YAML or JSON, which YAML includes. */

import {readFileSync} from 'node:fs';
import {ClocheError} from '../../base/errors.js';

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value);

const read = (file: string): string => {
	try {
		return readFileSync(file === '-' ? 0 : file, 'utf8');
	} catch (cause) {
		throw new ClocheError('cannot read the lab\'s definition', {where: file, cause, remedy: 'name a file that can be read, or - for standard input'});
	}
};

/** @throws ClocheError that names line and column of what isn't YAML */
export const readDefinition = async (file: string): Promise<Readonly<Record<string, unknown>>> => {
	const text = read(file);
	const {parse, YAMLParseError} = await import('yaml');
	let value: unknown;
	try {
		value = parse(text);
	} catch (cause) {
		if (cause instanceof YAMLParseError) {
			const [place] = cause.linePos ?? [];
			throw new ClocheError('not YAML', {where: place === undefined ? file : `${file}:${place.line}:${place.col}`, why: cause.message.split(/ at line |:?\n/)[0], remedy: 'mend the file'});
		}

		throw new ClocheError('not YAML', {where: file, cause, remedy: 'mend the file'}); // An alias that leads nowhere, or too many of them.
	}

	if (!isObject(value)) {
		throw new ClocheError('no lab', {where: file, why: 'it declares no names', remedy: 'give networks and containers, as docs/network.md shows'});
	}

	return value;
};
