/** One line of comma-separated values, as docker run reads `--mount` (RFC 4180: a field may stand in double quotes, a quote inside is doubled). */

import {Unacceptable} from './unacceptable.js';

const FIELD = /(?:"(?<quoted>(?:[^"]|"")*)"|(?<plain>[^",]*))(?<end>,|$)/y;

/** `a=1,"b=x,y"` → `['a=1', 'b=x,y']`. */
export const splitFields = (line: string): string[] => {
	const fields: string[] = [];
	FIELD.lastIndex = 0;
	for (;;) {
		const {groups} = FIELD.exec(line) ?? {};
		if (groups === undefined) {
			throw new Unacceptable('a quote stands where none can', 'fields with commas between, a field with a comma in double quotes');
		}

		fields.push(groups['quoted']?.replaceAll('""', '"') ?? groups['plain'] ?? '');
		if (groups['end'] === '') {
			return fields;
		}
	}
};
