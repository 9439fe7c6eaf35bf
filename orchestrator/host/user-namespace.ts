/** The user namespace of another process. */

import {readFileSync, readlinkSync} from 'node:fs';
import {ClocheError} from '../base/errors.js';

/** A line of /proc/PID/uid_map (user_namespaces(7)). */
export interface MapLine {
	inside: number;
	outside: number;
	count: number;
}

/** From the text of /proc/PID/uid_map or gid_map. */
export const parseIdMap = (text: string): MapLine[] => text.split('\n').filter(line => line !== '').map(line => {
	const [inside = 0, outside = 0, count = 0] = line.trim().split(/\s+/).map(Number);
	return {inside, outside, count};
});

/** The ids that there are in the user namespace of process `pid`; `undefined` where it is ours. */
export const foreignMaps = (pid: number): {uids: MapLine[]; gids: MapLine[]; denySetgroups: boolean} | undefined => {
	const directory = `/proc/${pid}`;
	try {
		return readlinkSync(`${directory}/ns/user`) === readlinkSync('/proc/self/ns/user') ? undefined : {
			uids: parseIdMap(readFileSync(`${directory}/uid_map`, 'latin1')),
			gids: parseIdMap(readFileSync(`${directory}/gid_map`, 'latin1')),
			denySetgroups: readFileSync(`${directory}/setgroups`, 'latin1').startsWith('deny'),
		};
	} catch (cause) {
		throw new ClocheError('cannot look into the container', {where: directory, cause});
	}
};
