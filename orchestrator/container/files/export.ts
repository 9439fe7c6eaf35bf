/** A container's root as a tar stream: what its branches are together, without what is mounted on it. */

import {ClocheError} from '../../base/errors.js';
import type {CreateOp} from '../../helper/plan.js';
import {hideOperations} from '../../storage/root.js';
import type {FoundContainer} from '../store/find.js';
import {stateDirectories, type StateRoots} from '../store/roots.js';
import {enterContainer, Inside, LENT, linesOf} from './inside.js';

/**
 * The root again, in a mount namespace of tar's own: a bind mount leaves behind what is mounted below (mount(8), --bind), so
 * volumes, /proc, /sys and /dev are the empty places that they are mounted on.
 */
const alone = ({record}: FoundContainer, roots: StateRoots): CreateOp[] => [
	{op: 'propagation', target: '/'},
	{op: 'bind', source: '/', target: '/', root: true},
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
