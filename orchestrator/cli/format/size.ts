/** Numbers of bytes as docker words them (HumanSize in docker/go-units): decimal units, four digits at most. */

export const humanSize = (bytes: number): string => {
	const units = ['B', 'kB', 'MB', 'GB', 'TB'];
	let size = bytes;
	let unit = 0;
	for (; size >= 1000 && unit < units.length - 1; unit++) {
		size /= 1000;
	}

	return `${unit === 0 ? size : Number(size.toPrecision(4))}${units[unit] ?? ''}`;
};
