/** A container as a row of `ps`: docker's names and words for its columns. */

import {insideText, outsideText} from '../../container/network/ports.js';
import {readPorts} from '../../container/network/published.js';
import {networkSpecOf} from '../../container/view/networks.js';
import {mountsOf, startedAt} from '../../container/view.js';
import {readHealth} from '../../container/view/health.js';
import {statusOf} from '../../container/store/exit.js';
import {type FoundContainer, isUp} from '../../container/store/find.js';
import type {StateRoots} from '../../container/store/roots.js';
import {humanDuration} from '../format/duration.js';

/** Docker's columns; what a template can name. Methods take a word. */
export interface Row {
	ID: string;
	Image: string;
	Command: string;
	CreatedAt: string;
	RunningFor: string;
	Status: string;
	State: string;
	Health: string;
	Names: string;
	Labels: string;
	Mounts: string;
	Ports: string;
	Networks: string;
	Label: (name: string) => string;
}

export const HEADINGS: Row = {
	ID: 'CONTAINER ID', Image: 'IMAGE', Command: 'COMMAND', CreatedAt: 'CREATED AT', RunningFor: 'CREATED', Status: 'STATUS', State: 'STATE',
	Health: 'HEALTH', Names: 'NAMES', Labels: 'LABELS', Mounts: 'MOUNTS', Ports: 'PORTS', Networks: 'NETWORKS', Label: name => name,
};

export const TABLE = '{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}';

/** Docker's width of a command in the table. */
const WIDTH = 20;

const quote = (command: readonly string[], whole: boolean): string => {
	const text = command.join(' ');
	return whole || text.length <= WIDTH ? `"${text}"` : `"${text.slice(0, WIDTH - 1)}…"`;
};

const ago = (time: string | undefined, now: number): string => time === undefined ? 'some time' : humanDuration(Math.max(0, now - Date.parse(time)));

const suffix = (paused: boolean, health: string): string =>
	paused ? ' (Paused)' : health === 'starting' ? ' (health: starting)' : health === '' ? '' : ` (${health})`;

/** `Up 3 minutes (healthy)`, `Exited (0) 2 hours ago`. */
export const statusWords = (found: FoundContainer, health: string, now: number): string => {
	const {state, exit} = found;
	// How a command that never ran ended is told by its error; docker run's status of a failure of its own stands for it.
	const code = exit === undefined ? 0 : statusOf(exit) ?? 125;
	switch (state) {
		case 'created': return 'Created';
		case 'dead': return 'Dead';
		case 'exited': return `Exited (${code}) ${ago(exit?.ended, now)} ago`;
		case 'restarting': return `Restarting (${code}) ${ago(exit?.ended, now)} ago`;
		case 'running':
		case 'paused': return `Up ${ago(startedAt(found), now)}${suffix(state === 'paused', health)}`;
	}
};

/** `''` where there are no checks. */
export const healthOf = ({record, state}: FoundContainer, roots: StateRoots): string =>
	record.detached === true && isUp(state) ? readHealth(roots, record.id)?.status ?? '' : '';

const sourceOf = (mount: unknown): string[] =>
	typeof mount === 'object' && mount !== null && 'source' in mount && typeof mount.source === 'string' ? [mount.source] : [];

/** `0.0.0.0:8080->80/tcp`, `53/udp` where it is exposed alone; none while it doesn't run. */
const portsOf = ({record, state}: FoundContainer, roots: StateRoots): string => {
	const network = networkSpecOf(record.spec);
	if (network === undefined || !isUp(state)) {
		return '';
	}

	const ports = readPorts(roots, record.id);
	const {exposed = []} = network as Partial<typeof network>; // An older Cloche wrote none.
	const published = new Set(ports.map(port => insideText(port)));
	const alone = exposed.map(port => insideText(port)).filter(port => !published.has(port));
	return [...ports.map(port => `${outsideText(port)}->${insideText(port)}`), ...alone].join(', ');
};

/** @param whole nothing is cut short */
export const rowOf = (found: FoundContainer, roots: StateRoots, whole: boolean, now: number): Row => {
	const {record, state} = found;
	const {labels = {}} = record;
	const health = healthOf(found, roots);
	return {
		ID: record.id,
		Image: record.image,
		Command: quote(record.command, whole),
		CreatedAt: record.created,
		RunningFor: `${ago(record.created, now)} ago`,
		Status: statusWords(found, health, now),
		State: state,
		Health: health,
		Names: record.name ?? '',
		Labels: Object.entries(labels).map(([name, value]) => `${name}=${value}`).join(','),
		Ports: portsOf(found, roots),
		Networks: (networkSpecOf(record.spec)?.attachments ?? []).map(({network}) => network).join(','),
		Mounts: mountsOf(record).flatMap(mount => sourceOf(mount)).join(','),
		Label: name => labels[name] ?? '',
	};
};
