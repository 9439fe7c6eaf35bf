/** What a process does about a signal, as the kernel knows it. */

import {readFileSync} from 'node:fs';
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

/** What process `pid` does about `signal`; `undefined` where it is gone. */
export const dispositionOf = (pid: number, signal: number): Disposition | undefined => {
	try {
		return parseDisposition(readFileSync(`/proc/${pid}/status`, 'latin1'), signal);
	} catch (error) {
		if (isErrno(error, 'ENOENT') || isErrno(error, 'ESRCH')) {
			return undefined;
		}

		throw error;
	}
};
