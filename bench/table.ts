/** Columns of text: the first is words, the others are figures. */

/** A row; a single cell is a heading. */
export type Row = readonly string[];

/** Every column as wide as its widest cell. */
export const formatTable = (rows: readonly Row[]): string => {
	const cells = rows.filter(row => row.length > 1);
	const columns = Math.max(...cells.map(row => row.length));
	const widths = Array.from({length: columns}, (_, column) => Math.max(...cells.map(row => (row[column] ?? '').length)));
	const lines = rows.map(row => row.length === 1 ? `\n${row[0] ?? ''}` : row
		.map((cell, column) => column === 0 ? `  ${cell.padEnd(widths[0] ?? 0)}` : cell.padStart(widths[column] ?? 0))
		.join('  ').trimEnd());
	return `${lines.join('\n')}\n`;
};

/** Three digits that count, or `-` for what wasn't measured. */
export const figure = (value: number | undefined, unit = ''): string => {
	if (value === undefined || Number.isNaN(value)) {
		return '-';
	}

	const size = Math.abs(value);
	const digits = size >= 100 || Number.isInteger(value) ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 4;
	return unit === '' ? value.toFixed(digits) : `${value.toFixed(digits)} ${unit}`;
};
