/** What becomes of a detached container: `--restart`, `--log-opt`, `--label`, the numbers of `--health-…`. */

import {readLimited} from '../../host/read-limited.js';
import type {LogOptions, RestartPolicy} from '../spec.js';
import {parseMilliseconds} from './duration.js';
import {parseSize} from './limits.js';
import {Unacceptable, wholeNumber} from './unacceptable.js';

const POLICIES = 'no, on-failure[:MOST], always or unless-stopped';

/** `on-failure:5`; `undefined` for `no`. As for docker run, MOST 0 is no limit. */
export const parseRestart = (value: string): RestartPolicy | undefined => {
	const [policy = '', number, ...more] = value.split(':');
	if (more.length > 0 || (number !== undefined && policy !== 'on-failure')) {
		throw new Unacceptable('no such policy', POLICIES);
	}

	switch (policy) {
		case 'no':
		case '': return undefined;
		case 'always':
		case 'unless-stopped': return {policy};
		case 'on-failure': {
			const most = number === undefined ? 0 : wholeNumber(number, 'the number of restarts', 4_294_967_295);
			return most === 0 ? {policy} : {policy, most};
		}

		default: throw new Unacceptable('no such policy', POLICIES);
	}
};

/** The log's files grow to this. */
export const DEFAULT_LOG_SIZE = 16 * 1024 * 1024;

const LOG_OPTIONS = 'max-size=SIZE or max-file=NUMBER, as max-size=10m';

/** `max-size=10m`, `max-file=3`. */
export const parseLogOption = (value: string): Partial<LogOptions> => {
	const [, name, text] = /^([^=]*)=(.*)$/s.exec(value) ?? [];
	const most = name === 'max-size' ? parseSize(text ?? '') : name === 'max-file' ? wholeNumber(text ?? '', 'the number of files', 4_294_967_295) : undefined;
	if (most === undefined) {
		throw new Unacceptable(`no option is called '${name ?? value}'`, LOG_OPTIONS);
	}

	if (most === 0) {
		throw new Unacceptable('nothing would be kept', LOG_OPTIONS);
	}

	return name === 'max-size' ? {maxSize: most} : {maxFiles: most};
};

/** `KEY=VALUE`, or `KEY` with an empty value. */
export const parseLabel = (value: string): readonly [key: string, value: string] => {
	const [key = ''] = value.split('=', 1);
	if (key.trim() === '') {
		throw new Unacceptable('the label has no name', 'KEY=VALUE');
	}

	return [key, value.slice(key.length + 1)];
};

const MOST_BYTES = 1024 * 1024;

/** The labels of a file of lines; # begins a comment. */
export const readLabelFile = (path: string): Array<readonly [key: string, value: string]> =>
	readLimited(path, MOST_BYTES).toString('utf8').split(/\r?\n/).map(line => line.trim()).filter(line => line !== '' && !line.startsWith('#')).map(line => parseLabel(line));

/** A length of time that isn't none. */
export const parseInterval = (value: string): number => {
	const milliseconds = parseMilliseconds(value);
	if (milliseconds === 0) {
		throw new Unacceptable('too short', 'at least 1ms');
	}

	return milliseconds;
};

/** `--health-retries`. */
export const parseRetries = (value: string): number => {
	const number = wholeNumber(value, 'the number of failures', 4_294_967_295);
	if (number === 0) {
		throw new Unacceptable('it would never be unhealthy', 'a number from 1 on');
	}

	return number;
};
