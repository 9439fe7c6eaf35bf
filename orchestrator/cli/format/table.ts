/** Columns of text, as wide as their widest cell. */

import {escapeControls} from '../../base/errors.js';

const GAP = 3;

/** The first row is the heading. No spaces at the end of a line. */
export const formatColumns = (rows: ReadonlyArray<readonly string[]>): string => {
	const widths: number[] = [];
	const cells = rows.map(row => row.map(cell => escapeControls(cell)));
	for (const row of cells) {
		for (const [index, cell] of row.entries()) {
			widths[index] = Math.max(widths[index] ?? 0, cell.length);
		}
	}

	return cells.map(row => `${row.map((cell, index) => cell.padEnd((widths[index] ?? 0) + GAP)).join('').trimEnd()}\n`).join('');
};
