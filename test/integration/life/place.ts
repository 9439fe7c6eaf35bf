/** A state root of a test's own, with what lies in it. */

import {existsSync, readFileSync, readdirSync} from 'node:fs';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {cloche, directoryOf, present, type Ended, type Invocation} from '../support/cloche.js';
import {killMarked, MARK, newMark, until} from '../support/marked.js';
import type {Person} from '../support/who.js';

/** What tests look at of a container's record. */
export interface Written {
	id: string;
	keep: boolean;
	labels?: unknown;
}

/** A state root of the test's own; what runs there is ended with it. */
export class Place {
	readonly root: string;
	readonly mark = newMark();
	readonly as: Person;

	constructor(t: ExecutionContext, as: Person) {
		this.as = as;
		this.root = join(directoryOf(as), 'state');
		t.teardown(async () => {
			const ids = existsSync(join(this.root, 'containers')) ? readdirSync(join(this.root, 'containers')).filter(name => !name.includes('.')) : [];
			if (ids.length > 0) {
				await this.cloche('rm', '-f', ...ids);
			}

			killMarked(this.mark);
		});
	}

	get invocation(): Invocation {
		return {as: this.as, env: {CLOCHE_ROOT: this.root, [MARK]: this.mark}};
	}

	async cloche(...words: string[]): Promise<Ended> {
		return cloche(words, this.invocation);
	}

	/** It has to go well; what it printed. */
	async well(t: ExecutionContext, ...words: string[]): Promise<string> {
		const {status, stdout, stderr} = await this.cloche(...words);
		t.is(stderr, '', words.join(' '));
		t.is(status, 0, words.join(' '));
		return stdout.trim();
	}

	file(...names: string[]): string {
		return join(this.root, ...names);
	}

	record(id: string): Written {
		return JSON.parse(readFileSync(this.file('containers', id, 'record.json'), 'utf8')) as Written;
	}

	async exit(id: string): Promise<{code?: number; signal?: number; error?: string; stopped?: boolean; restarts?: number; restarting?: boolean}> {
		const path = this.file('containers', id, 'exit.json');
		await until(() => existsSync(path) && !readFileSync(path, 'utf8').includes('"restarting":true'));
		return JSON.parse(readFileSync(path, 'utf8')) as object;
	}

	/** The log without its times. */
	log(id: string): string[] {
		const directory = this.file('containers', id, 'log');
		return readdirSync(directory).sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))
			.flatMap(name => readFileSync(join(directory, name), 'utf8').split('\n').slice(0, -1)).map(line => line.replace(/^\S+ /, ''));
	}

	/** What happened to one, in order. */
	events(id: string): string[] {
		return readFileSync(this.file('events'), 'utf8').split('\n').slice(0, -1).map(line => JSON.parse(line) as {action: string; id: string})
			.filter(event => event.id === id).map(({action}) => action);
	}

	async released(id: string): Promise<void> {
		await until(() => readdirSync(this.file('live')).every(name => !name.endsWith(id)));
	}
}

/** A test for root and one for an ordinary user. */
export const everywhere = (title: string, body: (t: ExecutionContext, place: Place) => Promise<void>): void => {
	for (const person of present) {
		test(`${person.who}: ${title}`, async t => {
			await body(t, new Place(t, person));
		});
	}
};

