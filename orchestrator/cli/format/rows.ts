/** Rows of a listing, as docker's `--format` has them: JSON, columns, or a line by a template. */

import {formatColumns} from './table.js';
import {compileTemplate} from './template.js';

/**
 * A format is read before anything else is: an error in it is no row's.
 *
 * @param headings a row of the columns' headings
 * @param table the template of the table that is shown by default
 */
export const rowsWriter = <Row>(format: string, headings: Row, table: string): ((rows: readonly Row[]) => string) => {
	if (format === 'json') {
		return rows => rows.map(row => `${JSON.stringify(row)}\n`).join('');
	}

	const [, isTable, rest] = /^(table(?:\s+|$))?([^]*)$/.exec(format) ?? [];
	const render = compileTemplate(isTable === undefined || rest !== '' ? rest ?? '' : table);
	// What a template names and there is not is found even where there is no row.
	const top = render(headings);
	return isTable === undefined
		? rows => rows.map(row => `${render(row)}\n`).join('')
		: rows => formatColumns([top, ...rows.map(row => render(row))].map(line => line.split('\t')));
};
