/** "Did you mean": the known word that is nearest to an unknown one. */

/** The number of insertions, removals, replacements and swaps of neighbours between two words (optimal string alignment). */
const distance = (a: string, b: string): number => {
	const rows: number[][] = [Array.from({length: b.length + 1}, (_, index) => index)];
	const at = (row: number, column: number): number => rows[row]?.[column] ?? 0;
	for (let row = 1; row <= a.length; row++) {
		const line = [row];
		rows.push(line);
		for (let column = 1; column <= b.length; column++) {
			const same = a[row - 1] === b[column - 1];
			const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
			line.push(Math.min(at(row - 1, column) + 1, at(row, column - 1) + 1, at(row - 1, column - 1) + (same ? 0 : 1), swapped ? at(row - 2, column - 2) + 1 : Infinity));
		}
	}

	return at(a.length, b.length);
};

/** The nearest of `known`, if it is near enough to have been meant: one slip for every three letters. */
export const nearest = (word: string, known: readonly string[]): string | undefined => {
	if (word.length > 40) {
		return undefined;
	}

	const [best] = known.map(name => ({name, slips: distance(word, name)})).sort((a, b) => a.slips - b.slips);
	return best !== undefined && best.slips <= Math.max(1, Math.floor(word.length / 3)) ? best.name : undefined;
};
