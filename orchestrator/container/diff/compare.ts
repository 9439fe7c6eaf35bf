/** What a writable branch changes of the ones below it, as lines of `docker diff`. */

import type {Entry} from './branch.js';
import {childrenOf, find, linkOf, type Lower, statusOf} from './lowers.js';

export interface Change {
	kind: 'A' | 'C' | 'D';
	path: string;
}

export interface Situation {
	/** The union of the read-only branches. */
	lowers: Lower;
	/** Directories of the root, by name, that nothing below shows in. */
	apart: ReadonlyMap<string, Entry>;
	/** Places of our own mounts, none of which is a change of the container's: `/proc`, a volume's. */
	mounts: ReadonlySet<string>;
	/** The branch holds everything, changed or not: the driver copy. */
	whole: boolean;
	/** Owners can be compared: the ids in the branch are those of this machine. */
	owners: boolean;
}

/** In place of the type's letter, the S_IFMT bits of inode(7). */
const TYPES: Readonly<Record<string, bigint>> = {f: 0o100_000n, d: 0o040_000n, l: 0o120_000n, c: 0o020_000n, b: 0o060_000n, p: 0o010_000n, s: 0o140_000n};

/** Whether mode, owner, or of others than directories content and time are others. A directory's time tells of its entries, which tell themselves. */
const differs = (entry: Entry, lower: Lower, owners: boolean): boolean => {
	const status = statusOf(lower);
	if (TYPES[entry.type] !== (status.mode & 0o170_000n)) {
		return true;
	}

	const owner = owners && (BigInt(entry.uid) !== status.uid || BigInt(entry.gid) !== status.gid);
	if (entry.type === 'l') {
		return owner || entry.link !== linkOf(lower);
	}

	if (owner || BigInt(entry.mode) !== (status.mode & 0o7777n)) {
		return true;
	}

	const {mtimeNs} = status;
	return entry.type !== 'd' && (BigInt(entry.size) !== status.size || entry.mtime !== `${mtimeNs / 1_000_000_000n}.${String(mtimeNs % 1_000_000_000n).padStart(9, '0')}`);
};

class Comparison {
	readonly changes: Change[] = [];
	readonly #situation: Situation;
	readonly #above: ReadonlySet<string>;

	constructor(situation: Situation) {
		this.#situation = situation;
		this.#above = new Set([...situation.mounts].flatMap(path => path.split('/').slice(1, -1).map((_, index, parts) => `/${parts.slice(0, index + 1).join('/')}`)));
	}

	/**
	 * One directory of the container's view.
	 *
	 * @param upper the branch's, if it has it
	 * @param shown the lower directory that shows through it
	 * @param base what the lower branches have at this path
	 */
	directory(path: string, upper: Entry | undefined, shown: Lower | undefined, base: Lower | undefined): void {
		for (const [name, entry] of upper?.children ?? []) {
			this.#entry(`${path}/${name}`, entry, {shown: childrenOf(shown).get(name), base: childrenOf(base).get(name)});
		}

		if (shown === base) {
			return;
		}

		for (const [name, lower] of childrenOf(shown)) {
			if (upper?.children.has(name) !== true) {
				this.#unchanged(`${path}/${name}`, lower, childrenOf(base).get(name));
			}
		}

		for (const name of childrenOf(base).keys()) {
			if (upper?.children.has(name) !== true && !childrenOf(shown).has(name)) {
				this.#tell('D', `${path}/${name}`);
			}
		}
	}

	/** What the branch itself has. */
	#entry(path: string, entry: Entry, {shown, base}: {shown: Lower | undefined; base: Lower | undefined}): void {
		const {mounts, lowers, whole, owners} = this.#situation;
		if (mounts.has(path)) {
			return;
		}

		if (entry.whiteout) {
			if (base !== undefined) {
				this.#tell('D', path);
			}

			return;
		}

		if (entry.type !== 'd') {
			if (base === undefined || !whole || differs(entry, base, owners)) {
				this.#tell(base === undefined ? 'A' : 'C', path);
			}

			return;
		}

		const before = this.changes.length;
		const {opaque, redirect} = entry;
		const through = opaque || shown?.directory === false || whole ? undefined
			: redirect === undefined ? shown
				: find(lowers, redirect.startsWith('/') ? redirect : `${path.slice(0, path.lastIndexOf('/'))}/${redirect}`);
		this.directory(path, entry, through, base?.directory === true ? base : undefined);
		const within = this.changes.length > before;
		const ours = this.#above.has(path) && !within;
		if (base === undefined ? !ours : within || differs(entry, base, owners)) {
			this.changes.splice(before, 0, {kind: base === undefined ? 'A' : 'C', path});
		}
	}

	/** Of the lower branches, but from another place than this. */
	#unchanged(path: string, lower: Lower, base: Lower | undefined): void {
		if (this.#situation.mounts.has(path)) {
			return;
		}

		this.#tell(base === undefined ? 'A' : 'C', path);
		if (lower.directory) {
			this.directory(path, undefined, lower, base?.directory === true ? base : undefined);
		}
	}

	#tell(kind: Change['kind'], path: string): void {
		if (!this.#situation.mounts.has(path)) {
			this.changes.push({kind, path});
		}
	}
}

/** Sorted by path, as bytes are. */
export const compareBranch = (branch: Entry, situation: Situation): Change[] => {
	const comparison = new Comparison(situation);
	comparison.directory('', branch, situation.whole || branch.opaque ? undefined : situation.lowers, situation.lowers);
	for (const [name, entry] of situation.apart) {
		comparison.directory(`/${name}`, entry, undefined, undefined);
	}

	return comparison.changes.filter(({path}) => ![...situation.mounts].some(mount => path.startsWith(`${mount}/`))).toSorted((one, other) => Buffer.compare(Buffer.from(one.path), Buffer.from(other.path)));
};
