/** A container's root as a tar stream: what its branches are together, without what is mounted on it. */

import {existsSync} from 'node:fs';
import {ClocheError} from '../../base/errors.js';
import type {CreateOp} from '../../helper/plan.js';
import {readParts} from '../../storage/parts.js';
import {hideOperations} from '../../storage/root.js';
import {specOf} from '../spec-json.js';
import type {FoundContainer} from '../store/find.js';
import {stateDirectories, type StateRoots} from '../store/roots.js';
import {enterContainer, Inside, LENT, linesOf} from './inside.js';

/** Of a root that was put together from parts (storage/parts.ts), these are mounts and belong to it all the same. */
const partsOf = (record: FoundContainer['record'], directory: string): CreateOp[] => existsSync(`${directory}/root`)
	? (readParts(record.lowers[0] ?? '/') ?? []).flatMap(({name, show}): CreateOp[] => (show === 'overlay' || show === 'bind') && !specOf(record).mounts.some(({destination}) => destination === `/${name}`)
		? [{op: 'bind', source: `/${name}`, target: `/${name}`, recursive: show === 'bind', ifExists: true}] : [])
	: [];

/**
 * The root again, in a mount namespace of tar's own: a bind mount leaves behind what is mounted below (mount(8), --bind), so
 * volumes, /proc, /sys and /dev are the empty places that they are mounted on.
 */
const alone = ({record, directory}: FoundContainer, roots: StateRoots): CreateOp[] => [
	{op: 'propagation', target: '/'},
	{op: 'bind', source: '/', target: '/', root: true},
	...partsOf(record, directory),
	...hideOperations(record.lowers, stateDirectories(roots)),
	{op: 'pivot'},
];

/**
 * @param descriptor of this process: 1, or one that was lent to the helper
 * @param onWarning hears what was passed over, a line each
 */
export const exportContainer = async (found: FoundContainer, roots: StateRoots, descriptor: number, onWarning: (line: string) => void): Promise<void> => {
	await using inside = await enterContainer(found, roots, {volumes: false, ...(descriptor === 1 ? {} : {lend: [descriptor]})});
	const mounts = inside.design === undefined ? alone(found, roots) : [];
	const said = await Inside.end(inside.launch(['tar', 'c', '-f', '-', '-C', '/', '--', '.'], {stdout: descriptor === 1 ? 1 : LENT}, mounts));
	const lines = linesOf(said);
	if (said.code !== 0) {
		throw new ClocheError('cannot export', {where: found.record.id, why: lines[0]?.replace(/^tar: /, '') ?? (said.signal === 13 ? 'nobody reads on' : `tar ended by signal ${said.signal ?? '?'}`)});
	}

	for (const line of lines) {
		onWarning(line);
	}
};
