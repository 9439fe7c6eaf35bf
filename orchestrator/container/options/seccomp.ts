/** `--seccomp FILE`: a compiled filter, as bwrap takes one and `seccomp_export_bpf` writes it. */

import {endianness} from 'node:os';
import {readLimited} from '../../host/read-limited.js';
import {Unacceptable} from './unacceptable.js';

/** `struct sock_filter` (linux/filter.h): u16, u8, u8, u32. */
const INSTRUCTION = 8;

/** BPF_MAXINSNS of linux/bpf_common.h. */
const MOST = 4096;

/** BPF_MEMWORDS of linux/filter.h. */
const MEMORY = 16;

/** `struct seccomp_data` (linux/seccomp.h), which is all that a filter may look at, a word at a time. */
const DATA_BYTES = 64;

/** Enough to tell a filter that is too long from a file that is none. */
const MOST_BYTES = 1024 * 1024;

/** Codes of linux/bpf_common.h. */
const LD_ABS = 0x20, LD_MEM = 0x60, LDX_MEM = 0x61, ST = 0x02, STX = 0x03, JA = 0x05, RET_K = 0x06, RET_A = 0x16, DIV_K = 0x34, LSH_K = 0x64, RSH_K = 0x74;

/** The conditional jumps: JEQ, JGT, JGE and JSET, each with a constant or with X. */
const CONDITIONAL: ReadonlySet<number> = new Set([0x15, 0x1D, 0x25, 0x2D, 0x35, 0x3D, 0x45, 0x4D]);

/** What else seccomp takes of classic BPF (seccomp_check_filter() in the kernel's kernel/seccomp.c): without modulo and without packets. */
const OTHERS: ReadonlySet<number> = new Set([
	0x00, 0x01, 0x80, 0x81, // LD and LDX of a constant, and of the data's length
	0x04, 0x0C, 0x14, 0x1C, 0x24, 0x2C, 0x3C, 0x44, 0x4C, 0x54, 0x5C, 0x6C, 0x7C, 0x84, 0xA4, 0xAC, // the arithmetic but division and shifts by a constant
	0x07, 0x87, // TAX and TXA
]);

interface Instruction {
	code: number;
	jt: number;
	jf: number;
	k: number;
}

/** The rules of seccomp_check_filter() and bpf_check_classic(), but that a word of memory is written before it is read: that one the kernel tells. */
const isValid = ({code, jt, jf, k}: Instruction, following: number): boolean => {
	switch (code) {
		case LD_ABS: return k < DATA_BYTES && k % 4 === 0;
		case LD_MEM:
		case LDX_MEM:
		case ST:
		case STX: return k < MEMORY;
		case JA: return k < following;
		case DIV_K: return k !== 0;
		case LSH_K:
		case RSH_K: return k < 32;
		case RET_K:
		case RET_A: return true;
		default: return CONDITIONAL.has(code) ? jt < following && jf < following : OTHERS.has(code);
	}
};

/** Which instruction, from 0, the kernel wouldn't take; -1 where there is none. */
const findInvalid = (program: Uint8Array): number => {
	const view = new DataView(program.buffer, program.byteOffset, program.byteLength);
	const little = endianness() === 'LE';
	const count = program.length / INSTRUCTION;
	for (let index = 0; index < count; index++) {
		const at = index * INSTRUCTION;
		const code = view.getUint16(at, little);
		const isLast = index === count - 1;
		const instruction = {code, jt: view.getUint8(at + 2), jf: view.getUint8(at + 3), k: view.getUint32(at + 4, little)};
		if (!isValid(instruction, count - 1 - index) || isLast && code !== RET_K && code !== RET_A) {
			return index;
		}
	}

	return -1;
};

/** The program's bytes; file system errors come as they are. */
export const readSeccomp = (path: string): Uint8Array => {
	const program = readLimited(path, MOST_BYTES);
	const wish = `a compiled filter, 8 bytes for each of at most ${MOST} instructions, as seccomp_export_bpf(3) writes it`;
	if (program.length === 0 || program.length % INSTRUCTION !== 0 || program.length / INSTRUCTION > MOST) {
		throw new Unacceptable(`its ${program.length} bytes are not a BPF program`, wish);
	}

	const invalid = findInvalid(program);
	if (invalid >= 0) {
		throw new Unacceptable(`not a BPF program: seccomp doesn't take its instruction ${invalid}`, wish);
	}

	return program;
};
