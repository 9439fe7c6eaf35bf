/** Rows of the table that several parts have. */

import type {Findings} from './findings.js';
import {series, SMALL} from './subjects.js';
import {quantile} from './statistics.js';
import {figure, type Row} from './table.js';

/** A row of times: the median, what nine of ten are below, and how it compares. */
export const timeRow = ({samples}: Findings, name: string, of: string, ours?: string): Row => {
	if (!samples.has(of)) {
		return [name, '-'];
	}

	return [
		name,
		figure(samples.median(of), 'ms'),
		figure(quantile(samples.of(of), 0.9)),
		figure(samples.ratio(of, series('floor', SMALL))),
		ours === undefined ? '' : figure(samples.ratio(ours, of), '×'),
	];
};

/** A row of how many a second, and how many times as many are `ours`. */
export const rateRow = ({samples}: Findings, name: string, of: string, ours?: string): Row => samples.has(of)
	? [name, figure(samples.median(of), '/s'), '', '', ours === undefined ? '' : figure(samples.ratio(ours, of), '×')]
	: [name, '-'];
