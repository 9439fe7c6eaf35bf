/** The record of a container: what it is, as it was made. Written before anything else of it, and replaced as a whole (docs/state.md). */

import {readFileSync} from 'node:fs';
import {stageAtomic} from '../../base/atomic.js';
import {ClocheError, isErrno} from '../../base/errors.js';

/** Counted up when an older Cloche would misread what is written; a new optional field doesn't. */
export const RECORD_VERSION = 1;

export interface ContainerRecord {
	version: typeof RECORD_VERSION;
	id: string;
	name?: string;
	/** As the user wrote it. */
	image: string;
	/** The read-only branches, the topmost first. */
	lowers: string[];
	/** The storage driver. */
	driver: string;
	/** The payload's argv. */
	command: string[];
	/** It outlives its run, until it is removed. */
	keep: boolean;
	/** ISO 8601. */
	created: string;
	labels?: Record<string, string>;
	/** What more is needed to start it again, as JSON (container/spec-json.ts); the store doesn't look into it. */
	spec?: unknown;
	/** Its supervisor outlives who started it. */
	detached?: boolean;
	/** Addresses that it had in its last run, by network: it gets them again, if they are free. */
	networks?: Record<string, string[]>;
	/** cgroup directories made for it: removed with it. */
	cgroups?: string[];
}

const problem = (where: string, why: string, remedy: string, cause?: unknown): ClocheError => new ClocheError('cannot read a container\'s state', {where, why, remedy, cause});

const isRecord = (value: object): value is ContainerRecord =>
	'id' in value && typeof value.id === 'string'
	&& 'image' in value && typeof value.image === 'string'
	&& 'keep' in value && typeof value.keep === 'boolean'
	&& 'created' in value && typeof value.created === 'string'
	&& 'driver' in value && typeof value.driver === 'string'
	&& 'lowers' in value && Array.isArray(value.lowers)
	&& 'command' in value && Array.isArray(value.command);

/**
 * Parse a versioned JSON file of ours.
 *
 * @throws ClocheError that names the file, where it is cut short, of a newer version, or something else
 */
export const parseVersioned = <T extends {version: number}>(text: string, path: string, version: T['version'], isThat: (value: object) => value is T): T => {
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch (cause) {
		throw problem(path, text === '' ? 'it is empty' : 'it is cut short or damaged', 'it is left as it is; cloche rm removes the container', cause);
	}

	if (typeof value !== 'object' || value === null || !('version' in value)) {
		throw problem(path, 'it has no version', 'it is left as it is; cloche rm removes the container');
	}

	if (typeof value.version === 'number' && value.version > version) {
		throw problem(path, `version ${value.version} is of a newer Cloche; this one knows ${version}`, 'it is left as it is; use that one');
	}

	if (value.version !== version || !isThat(value)) {
		throw problem(path, 'it is damaged', 'it is left as it is; cloche rm removes the container');
	}

	return value;
};

export const parseRecord = (text: string, path: string): ContainerRecord => parseVersioned(text, path, RECORD_VERSION, isRecord);

/** A container that has nothing else on disk is a file, its record, in the place of its directory. */
export const recordPath = (directory: string): string => `${directory}/record.json`;

/** The text of a file, or `undefined` where there is none. */
export const readIfThere = (path: string, absent: readonly string[] = ['ENOENT', 'ENOTDIR']): string | undefined => {
	try {
		return readFileSync(path, 'utf8');
	} catch (error) {
		if (absent.some(code => isErrno(error, code))) {
			return undefined;
		}

		throw new ClocheError('cannot read a container\'s state', {where: path, cause: error});
	}
};

/** The record in a container's directory, or `undefined` where none was written (yet). */
export const readRecord = (directory: string): ContainerRecord | undefined => {
	const path = recordPath(directory);
	const text = readIfThere(path) ?? readIfThere(directory, ['ENOENT', 'EISDIR']);
	return text === undefined ? undefined : parseRecord(text, path);
};

/** Write another record of a container that has a directory; the result puts it in the place of the one that is there. */
export const stageRecord = (directory: string, record: ContainerRecord): () => void => {
	try {
		return stageAtomic(recordPath(directory), `${JSON.stringify(record)}\n`, 0o600);
	} catch (cause) {
		throw new ClocheError('cannot write state', {where: directory, cause});
	}
};

/** Replace the record of a container that has a directory. */
export const writeRecord = (directory: string, record: ContainerRecord): void => {
	stageRecord(directory, record)();
};
