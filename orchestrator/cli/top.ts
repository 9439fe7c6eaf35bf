/** `cloche top`. */

import {readFileSync} from 'node:fs';
import {ClocheError} from '../base/errors.js';
import {processesOf, type ProcessView} from '../container/processes.js';
import {findContainer} from '../container/store/find.js';
import {stateRoots} from '../container/store/roots.js';
import type {Command} from './commands.js';
import {formatColumns} from './format/table.js';
import {print} from './output.js';

const readUsers = (): ReadonlyMap<number, string> => {
	try {
		return new Map(readFileSync('/etc/passwd', 'utf8').split('\n').map(line => line.split(':')).flatMap(([name, , uid]) => name === undefined || uid === undefined ? [] : [[Number(uid), name]]));
	} catch {
		return new Map();
	}
};

const clock = (seconds: number): string => {
	const whole = Math.floor(seconds);
	return [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60].map(part => String(part).padStart(2, '0')).join(':');
};

interface Column {
	heading: string;
	of: (view: ProcessView, users: ReadonlyMap<number, string>) => string;
}

/** Named as ps(1) and podman top name them. */
const columns: Readonly<Record<string, Column>> = {
	user: {heading: 'USER', of: ({uid}, users) => users.get(uid) ?? String(uid)},
	uid: {heading: 'UID', of: ({uid}) => String(uid)},
	pid: {heading: 'PID', of: ({pid}) => String(pid)},
	ppid: {heading: 'PPID', of: ({ppid}) => String(ppid)},
	pcpu: {heading: '%CPU', of: ({cpu, age}) => (age > 0 ? cpu / age * 100 : 0).toFixed(1)},
	rss: {heading: 'RSS', of: ({rss}) => String(rss)},
	stat: {heading: 'STAT', of: ({state}) => state},
	etime: {heading: 'ELAPSED', of: ({age}) => clock(age)},
	time: {heading: 'TIME', of: ({cpu}) => clock(cpu)},
	comm: {heading: 'COMMAND', of: ({comm}) => comm},
	args: {heading: 'COMMAND', of: ({command}) => command},
};

const USUAL = ['user', 'pid', 'ppid', 'pcpu', 'time', 'args'];

const columnOf = (name: string): Column => {
	const column = Object.hasOwn(columns, name) ? columns[name] : undefined;
	if (column === undefined) {
		throw new ClocheError(`unknown column '${name}'`, {remedy: `there are ${Object.keys(columns).join(', ')}`});
	}

	return column;
};

export const top: Command = {
	table: {
		name: 'top',
		operands: 'CONTAINER [COLUMN…]',
		summary: 'List the processes of a container that runs, with their pids on this machine.',
		description: [`Columns: ${Object.keys(columns).join(', ')}. %CPU is that of its whole life, RSS in KiB.`],
		groups: [],
		interspersed: true,
		examples: [['cloche top web', 'the usual columns'], ['cloche top web pid rss args', 'others']],
	},
	main: ([word, ...names], _values, {root}) => {
		if (word === undefined) {
			throw new ClocheError('top', {why: 'no container given', remedy: 'name one'});
		}

		const chosen = (names.length === 0 ? USUAL : names.flatMap(name => name.split(','))).map(name => columnOf(name));
		const processes = processesOf(findContainer(stateRoots({root}), word));
		const users = readUsers();
		print(formatColumns([chosen.map(({heading}) => heading), ...processes.map(view => chosen.map(column => column.of(view, users)))]));
		return 0;
	},
};
