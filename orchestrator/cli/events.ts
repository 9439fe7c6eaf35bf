/** `cloche events`. */

import {mkdirSync} from 'node:fs';
import {ClocheError} from '../base/errors.js';
import {Watcher} from '../base/watch.js';
import {JournalReader} from '../container/store/journal.js';
import {stateRoots} from '../container/store/roots.js';
import type {Command, CommandValues} from './commands.js';
import {expressionOf, type Filters, fitsAll, hasLabel, readFilters} from './filters.js';
import {momentOptions, readMoment} from './life-options.js';
import {writeAll} from './output.js';

/** A line of the journal; what more it has depends on the action. */
interface JournalEvent {
	time: string;
	action: string;
	id: string;
	name?: string;
	image?: string;
	labels?: Record<string, string>;
}

const FILTERS = ['action', 'container', 'id', 'image', 'label', 'name'];

/** `undefined` for what isn't whole: a full disk cuts lines short. */
const parseEvent = (line: string): JournalEvent | undefined => {
	try {
		const value: unknown = JSON.parse(line);
		const known = typeof value === 'object' && value !== null && 'time' in value && typeof value.time === 'string' && 'action' in value && 'id' in value;
		return known ? value as JournalEvent : undefined;
	} catch {
		return undefined;
	}
};

/** A supervisor tells of its container by the name that it began with, as others may have changed it meanwhile: their lines say to what. */
class Names {
	readonly #now = new Map<string, string>();

	/** The event with the name that its container had then; itself where it has that. */
	correct(event: JournalEvent): JournalEvent {
		const {action, id, name} = event;
		if (action === 'rename' && name !== undefined) {
			this.#now.set(id, name);
		}

		const now = this.#now.get(id) ?? name;
		if (action === 'destroy') {
			this.#now.delete(id);
		}

		return now === undefined || now === name ? event : {...event, name: now};
	}
}

type Test = (event: JournalEvent) => boolean;

const testOf = (key: string, value: string): Test => {
	switch (key) {
		case 'action': return event => event.action === value;
		case 'container': return event => event.name === value || event.id.startsWith(value);
		case 'id': return event => event.id.startsWith(value);
		case 'image': return event => event.image === value;
		case 'label': return event => hasLabel(event.labels ?? {}, value);
		default: {
			const expression = expressionOf(key, value);
			return event => event.name !== undefined && expression.test(event.name);
		}
	}
};

const selectorOf = (filters: Filters, since: bigint | undefined, until: bigint | undefined): Test => {
	const fits = fitsAll(filters, testOf);
	return event => {
		const time = BigInt(Date.parse(event.time)) * 1_000_000n;
		return (since === undefined || time >= since) && (until === undefined || time <= until) && fits(event);
	};
};

/** What an event can have, where it hasn't. */
const ABSENT = {name: '', image: '', labels: {}, exitCode: null, signal: null, health: null, error: null, oldName: null};

type Writer = (line: string, event: JournalEvent) => string;

const writerOf = async (format: CommandValues[string] | undefined): Promise<Writer> => {
	if (typeof format !== 'string' || format === 'json') {
		return line => line;
	}

	const {compileTemplate} = await import('./format/template.js');
	const render = compileTemplate(format);
	return (_line, event) => render({...ABSENT, ...event});
};

const main: Command['main'] = async (operands, values, {root}) => {
	if (operands.length > 0) {
		throw new ClocheError(`events ${operands.join(' ')}`, {why: 'it takes no operands', remedy: 'cloche events --filter container=NAME shows those of one'});
	}

	const filter = values['filter'];
	const until = readMoment('until', values);
	const isWanted = selectorOf(readFilters(typeof filter === 'object' ? filter : [], FILTERS), readMoment('since', values), until);
	const write = await writerOf(values['format']);
	const roots = stateRoots({root});
	const follow = values['follow'] === true;
	if (follow) {
		mkdirSync(roots.data, {recursive: true, mode: 0o711}); // It is waited in; nothing may have run here yet.
	}

	const watcher = follow ? new Watcher([roots.data]) : undefined;
	const reader = new JournalReader(roots);
	const names = new Names();
	for (;;) {
		const left = until === undefined ? Number.POSITIVE_INFINITY : Number(until / 1_000_000n) + 1 - Date.now();
		const lines: string[] = [];
		for (const line of reader.next()) {
			const told = parseEvent(line);
			const event = told === undefined ? undefined : names.correct(told);
			if (event !== undefined && isWanted(event)) {
				lines.push(`${write(event === told ? line : JSON.stringify(event), event)}\n`);
			}
		}

		if ((lines.length > 0 && !writeAll(1, Buffer.from(lines.join('')))) || watcher === undefined || left <= 0) {
			return 0;
		}

		await watcher.changed(left);
	}
};

export const events: Command = {
	table: {
		name: 'events',
		operands: '',
		summary: 'Print what happened to containers, a JSON line each.',
		description: ['Without --follow it ends with what there is.'],
		groups: [{title: 'Options', options: [
			{name: 'follow', short: 'f', type: 'boolean', doc: 'go on with what happens'},
			...momentOptions,
			{name: 'filter', type: 'string', multiple: true, value: 'KEY=VALUE', doc: `only those it fits: ${FILTERS.join(', ')}`},
			{name: 'format', type: 'string', value: 'FORMAT', doc: 'json, or a template as docker\'s', default: 'json'},
		]}],
		interspersed: true,
		examples: [
			['cloche events --follow --filter action=die', 'whatever ends'],
			['cloche events --since 1h --format \'{{.time}} {{.action}} {{.name}}\'', 'the last hour'],
		],
	},
	main,
};
