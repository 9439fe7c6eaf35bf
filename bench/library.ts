/** The library as it is installed: dist/index.js, its default options, and one resident supervisor for all. */

import {readdir, readFile} from 'node:fs/promises';
import type * as Library from '../orchestrator/index.js';

/** Where `make dist` puts it, seen from the bench's bundle in build/. */
const DIST = new URL('../dist/index.js', import.meta.url).href;

const library = await import(DIST) as typeof Library;

export const {cloche, openCloche} = library;

export type {Cloche, ContainerProcess, LibraryOptions} from '../orchestrator/index.js';

const IMAGE = 'busybox';

/** What one run took. */
export interface LibraryRun {
	/** Milliseconds until the result is there. */
	answer: number;
	/** Milliseconds until nothing is left of the container, which is after that. */
	released: number;
}

/** By which door, and with which options: the installed one's and none, unless it is about something else. */
export interface Manner {
	door?: Library.Cloche;
	options?: Omit<Library.LibraryOptions, 'encoding'>;
}

/** What the bars are about. */
export const runTrue = async ({door = cloche, options}: Manner = {}): Promise<LibraryRun> => {
	const begin = performance.now();
	const container = door.run(IMAGE, ['true'], options);
	await container;
	const answer = performance.now() - begin;
	await container[Symbol.asyncDispose]();
	return {answer, released: performance.now() - begin};
};

/** A container that waits for its command. */
export const createIdle = async (): Promise<Library.Sandbox> => cloche.create({image: IMAGE, stdout: 'ignore', stderr: 'ignore'});

/** The pid of the resident supervisor: the child of ours that is called so. It is there from the first run on. */
export const findSupervisor = async (): Promise<number> => {
	for (const entry of await readdir('/proc')) {
		if (/^\d+$/.test(entry)) {
			const stat = await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => ''); // It ended meanwhile.
			const [, name, parent] = /^\d+ \((.*)\) \S (\d+)/s.exec(stat) ?? [];
			if (name === 'nsinit' && Number(parent) === process.pid) {
				return Number(entry);
			}
		}
	}

	throw new Error('the resident supervisor isn\'t among our children');
};
