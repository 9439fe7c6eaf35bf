/** `--seccomp FILE`: a compiled filter, as bwrap takes one and `seccomp_export_bpf` writes it. */

import {endianness} from 'node:os';
import {readLimited} from '../../host/read-limited.js';
import {Unacceptable} from './unacceptable.js';

/** `struct sock_filter` (linux/filter.h): u16, u8, u8, u32. */
const INSTRUCTION = 8;

/** BPF_MAXINSNS of linux/bpf_common.h. */
const MOST = 4096;

/** Enough to tell a filter that is too long from a file that is none. */
const MOST_BYTES = 1024 * 1024;

/** RET with a constant and with A (linux/bpf_common.h): the kernel takes no program that ends otherwise, and no text ends so. */
const VERDICTS: readonly number[] = [0x06, 0x16];

/** The program's bytes; file system errors come as they are. The rest of it is for the kernel to tell. */
export const readSeccomp = (path: string): Uint8Array => {
	const program = readLimited(path, MOST_BYTES);
	const wish = `a compiled filter, 8 bytes for each of at most ${MOST} instructions, as seccomp_export_bpf(3) writes it`;
	if (program.length === 0 || program.length % INSTRUCTION !== 0 || program.length / INSTRUCTION > MOST) {
		throw new Unacceptable(`its ${program.length} bytes are not a BPF program`, wish);
	}

	const last = new DataView(program.buffer, program.byteOffset + program.length - INSTRUCTION).getUint16(0, endianness() === 'LE');
	if (!VERDICTS.includes(last)) {
		throw new Unacceptable('not a BPF program: it doesn\'t end with a verdict', wish);
	}

	return program;
};
