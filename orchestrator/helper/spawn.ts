/** The helper as a child process of Node's own kind. */

import {spawn} from 'node:child_process';
import {ClocheError} from '../base/errors.js';
import {CONTROL, HELPER_NAME, type HelperProcess, type HelperSocket, type SpawnOptions} from './helper-process.js';
import {openStreams} from './streams.js';

const isHelperSocket = (stream: unknown): stream is HelperSocket =>
	typeof stream === 'object' && stream !== null && 'ref' in stream && 'unref' in stream && 'write' in stream && 'on' in stream;

/** Returns at once; that it couldn't be started is told by `onEnd`. */
export const spawnHelper = ({path, stdin = 'inherit', stdout = 'inherit', stderr = 'inherit', lend = [], env = {}, session = false}: SpawnOptions): HelperProcess => {
	// child_process itself: through execa the installed command took 22 ms more to start, of 29 (bundled, measured),
	// and a spawn 5 ms instead of 2. A static binary needs nothing of what execa adds.
	const child = spawn(path, [], {stdio: [stdin, stdout, stderr, 'pipe', ...lend], env, detached: session, argv0: HELPER_NAME});
	const socket = child.stdio[CONTROL];
	if (!isHelperSocket(socket)) {
		throw new ClocheError('cannot start nsinit', {where: path, why: 'no control socket was made'});
	}

	return {
		pid: child.pid ?? 0,
		socket,
		onEnd(listener) {
			child.on('error', error => {
				listener({error});
			});
			child.on('close', (code, signal) => {
				listener({code, signal});
			});
		},
		kill() {
			child.kill('SIGKILL');
		},
		ref() {
			child.ref();
		},
		unref() {
			child.unref();
		},
		openStreams,
	};
};
