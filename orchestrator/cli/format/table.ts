/** Columns of text, as wide as their widest cell. */

/** Control characters would break the row, or the terminal. */
const plain = (cell: string): string => cell.replace(/\p{Cc}/gu, character => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);

const GAP = 3;

/** The first row is the heading. No spaces at the end of a line. */
export const formatColumns = (rows: ReadonlyArray<readonly string[]>): string => {
	const widths: number[] = [];
	const cells = rows.map(row => row.map(cell => plain(cell)));
	for (const row of cells) {
		for (const [index, cell] of row.entries()) {
			widths[index] = Math.max(widths[index] ?? 0, cell.length);
		}
	}

	return cells.map(row => `${row.map((cell, index) => cell.padEnd((widths[index] ?? 0) + GAP)).join('').trimEnd()}\n`).join('');
};
