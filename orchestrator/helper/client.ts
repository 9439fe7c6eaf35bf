/** Reaches the supervisor of a detached container by its socket. */

import {closeSync, constants, openSync} from 'node:fs';
import type {Socket} from 'node:net';
import {basename, dirname} from 'node:path';
import {ClocheError, isErrno} from '../base/errors.js';
import {ContainerClient} from './container-client.js';

/** sun_path of unix(7), its NUL included. */
const SUN_PATH = 108;

/** Nobody listens there: the container isn't detached, has ended, or its supervisor died. */
export const isGone = (error: unknown): boolean =>
	['ENOENT', 'ECONNREFUSED', 'ENOTDIR', 'ECONNRESET', 'EPIPE'].some(code => isErrno(error, code));

const connect = (path: string): Promise<Socket> => new Promise((resolve, reject) => {
	// Loaded only for who asks: net takes milliseconds of every command's start.
	const socket = process.getBuiltinModule('node:net').connect(path);
	socket.once('error', reject);
	socket.once('connect', () => {
		socket.off('error', reject);
		resolve(socket);
	});
});

/** The same for a path that is too long for the call: by a descriptor of its directory. */
const connectInside = async (path: string): Promise<Socket> => {
	const directory = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
	try {
		return await connect(`/proc/self/fd/${directory}/${basename(path)}`);
	} finally {
		closeSync(directory);
	}
};

/**
 * Connect, and be greeted.
 *
 * @param path the socket
 * @throws ClocheError; {@link isGone} tells whether nobody listens there
 */
export const connectToContainer = async (path: string): Promise<ContainerClient> => {
	let client: ContainerClient;
	try {
		client = new ContainerClient(await (Buffer.byteLength(path) < SUN_PATH ? connect(path) : connectInside(path)));
	} catch (cause) {
		throw new ClocheError('cannot reach the container\'s supervisor', {where: path, cause});
	}

	await client.greeted;
	return client;
};
