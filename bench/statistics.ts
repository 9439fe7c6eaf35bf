/** Medians, and the samples that they are taken of. */

/** The value below which the part `share` of `values` lies, between neighbours if need be; NaN of none. */
export const quantile = (values: readonly number[], share: number): number => {
	const sorted = [...values].sort((a, b) => a - b);
	const place = (sorted.length - 1) * share;
	const below = sorted[Math.floor(place)] ?? NaN;
	const above = sorted[Math.ceil(place)] ?? NaN;
	return below + (above - below) * (place % 1);
};

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** Takes a measured value of the series that is named. */
export type Record = (series: string, value: number) => void;

/** Series of measured values by their names. */
export class Samples {
	readonly #series = new Map<string, number[]>();

	readonly record: Record = (series, value) => {
		const values = this.#series.get(series);
		if (values === undefined) {
			this.#series.set(series, [value]);
		} else {
			values.push(value);
		}
	};

	has(series: string): boolean {
		return this.#series.has(series);
	}

	of(series: string): readonly number[] {
		return this.#series.get(series) ?? [];
	}

	/** `undefined` where nothing was measured. */
	median(series: string): number | undefined {
		return this.has(series) ? median(this.of(series)) : undefined;
	}

	/** Of medians; `undefined` where one of them wasn't measured. */
	ratio(series: string, base: string): number | undefined {
		const [above, below] = [this.median(series), this.median(base)];
		return above === undefined || below === undefined ? undefined : above / below;
	}

	toJSON(): object {
		return Object.fromEntries(this.#series);
	}
}
