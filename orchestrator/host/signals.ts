/** What a process does about a signal, as the kernel knows it. */

import {readdirSync, readFileSync} from 'node:fs';
import {isErrno} from '../base/errors.js';

export type Disposition = 'handled' | 'ignored' | 'default';

const hasBit = (status: string, field: string, signal: number): boolean => {
	const [, mask = '0'] = new RegExp(`^${field}:\\s*([\\da-f]+)$`, 'm').exec(status) ?? [];
	return (BigInt(`0x${mask}`) >> BigInt(signal - 1) & 1n) === 1n;
};

/** From the text of /proc/PID/status (proc_pid_status(5)). A blocked signal counts as handled: it is waited for by signalfd or sigwait. */
export const parseDisposition = (status: string, signal: number): Disposition => {
	if (hasBit(status, 'SigIgn', signal)) {
		return 'ignored';
	}

	return hasBit(status, 'SigCgt', signal) || hasBit(status, 'SigBlk', signal) ? 'handled' : 'default';
};

/**
 * Whether a thread of it waits in sigtimedwait(2), as tini does. While it sleeps there, what it waits for isn't in SigBlk
 * (do_sigtimedwait() in the kernel's signal.c); even process 1 gets it (sig_ignored() there asks for real_blocked).
 */
const waitsForSignals = (pid: number): boolean => readdirSync(`/proc/${pid}/task`).some(thread =>
	readFileSync(`/proc/${pid}/task/${thread}/wchan`, 'latin1').includes('sigtimedwait'));

/** What process `pid` does about `signal`; `undefined` where it is gone. */
export const dispositionOf = (pid: number, signal: number): Disposition | undefined => {
	try {
		const disposition = parseDisposition(readFileSync(`/proc/${pid}/status`, 'latin1'), signal);
		return disposition === 'default' && waitsForSignals(pid) ? 'handled' : disposition;
	} catch (error) {
		if (isErrno(error, 'ENOENT') || isErrno(error, 'ESRCH')) {
			return undefined;
		}

		throw error;
	}
};
