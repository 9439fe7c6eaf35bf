/** Ranges of ids that an ordinary user was granted, and the set-uid programs that write them into a map (subuid(5), newuidmap(1)). */

import {existsSync, readFileSync} from 'node:fs';
import {userInfo} from 'node:os';
import {isErrno} from '../base/errors.js';

export interface IdRange {
	start: number;
	count: number;
}

export interface SubordinateIds {
	uids: IdRange[];
	gids: IdRange[];
	mappers: {uid: string; gid: string};
}

/** Lines of `USER:START:COUNT`, where USER is a name or a uid. */
export const parseRanges = (text: string, uid: number, name: string): IdRange[] => text.split('\n').flatMap(line => {
	const [owner = '', start = '', count = ''] = line.split(':');
	const granted = (owner === name || owner === String(uid)) && /^\d+$/.test(start) && /^\d+$/.test(count) && Number(count) > 0;
	return granted ? [{start: Number(start), count: Number(count)}] : [];
});

const readRanges = (path: string, uid: number, name: string): IdRange[] => {
	try {
		return parseRanges(readFileSync(path, 'utf8'), uid, name);
	} catch (error) {
		if (isErrno(error, 'ENOENT')) {
			return [];
		}

		throw error;
	}
};

const nameOf = (uid: number): string => {
	try {
		return userInfo().username;
	} catch (error) {
		// A uid without an entry in passwd (a CI container): only ranges by number can be its own.
		if (isErrno(error, 'ENOENT') || (error instanceof Error && 'code' in error && error.code === 'ERR_SYSTEM_ERROR')) {
			return String(uid);
		}

		throw error;
	}
};

/** A line of a user namespace's map (user_namespaces(7)). */
export interface MappedIds {
	inside: number;
	outside: number;
	count: number;
}

/** The user becomes 0; what was granted follows from 1 on. */
const stack = (own: number, ranges: readonly IdRange[]): MappedIds[] => {
	const maps: MappedIds[] = [{inside: 0, outside: own, count: 1}];
	let inside = 1;
	for (const {start, count} of ranges) {
		maps.push({inside, outside: start, count});
		inside += count;
	}

	return maps;
};

export interface UserMap {
	uids: MappedIds[];
	gids: MappedIds[];
	denySetgroups: boolean;
	mappers?: SubordinateIds['mappers'];
}

/** The maps of a user namespace of an ordinary user's. */
export const ordinaryMap = (uid: number, gid: number, subordinate: SubordinateIds | undefined): UserMap => subordinate === undefined
	// user_namespaces(7): without CAP_SETGID outside, a gid map may only be written once setgroups(2) is given up.
	? {uids: stack(uid, []), gids: stack(gid, []), denySetgroups: true}
	: {uids: stack(uid, subordinate.uids), gids: stack(gid, subordinate.gids), denySetgroups: false, mappers: subordinate.mappers};

/** The same ids for a user namespace below that one: of who is in there, nobody needs a mapper. */
export const nestedMap = ({uids, gids, denySetgroups}: UserMap): UserMap => {
	const same = (maps: readonly MappedIds[]): MappedIds[] => maps.map(({inside, count}) => ({inside, outside: inside, count}));
	return {uids: same(uids), gids: same(gids), denySetgroups};
};

const findProgram = (name: string): string | undefined =>
	(process.env['PATH'] ?? '/usr/bin:/bin').split(':').filter(directory => directory.startsWith('/')).map(directory => `${directory}/${name}`).find(path => existsSync(path));

/** What user `uid` was granted; `undefined` unless there are both kinds of ids and both programs. */
export const findSubordinate = (uid: number): SubordinateIds | undefined => {
	const uidMapper = findProgram('newuidmap');
	const gidMapper = findProgram('newgidmap');
	if (uidMapper === undefined || gidMapper === undefined) {
		return undefined;
	}

	const name = nameOf(uid);
	const uids = readRanges('/etc/subuid', uid, name);
	const gids = readRanges('/etc/subgid', uid, name);
	return uids.length === 0 || gids.length === 0 ? undefined : {uids, gids, mappers: {uid: uidMapper, gid: gidMapper}};
};
