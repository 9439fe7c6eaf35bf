/** Error numbers become words here, and only here: the helper sends numbers. */

import {getSystemErrorMap} from 'node:util';

/**
 * Linux errors that libuv doesn't know, or words it in its own way: name and words of errno(3).
 * The numbers are asm-generic/errno.h's, which every architecture that Node is built for uses.
 */
const LINUX: Readonly<Record<number, readonly [name: string, words: string]>> = {
	8: ['ENOEXEC', 'exec format error'],
	10: ['ECHILD', 'no child processes'],
	15: ['ENOTBLK', 'block device required'],
	16: ['EBUSY', 'device or resource busy'],
	18: ['EXDEV', 'cross-device link'],
	21: ['EISDIR', 'is a directory'],
	26: ['ETXTBSY', 'text file busy'],
	35: ['EDEADLK', 'resource deadlock avoided'],
	37: ['ENOLCK', 'no locks available'],
	40: ['ELOOP', 'too many levels of symbolic links'],
	43: ['EIDRM', 'identifier removed'],
	62: ['ETIME', 'timer expired'],
	72: ['EMULTIHOP', 'multihop attempted'],
	74: ['EBADMSG', 'bad message'],
	87: ['EUSERS', 'too many users'],
	95: ['EOPNOTSUPP', 'operation not supported'],
	116: ['ESTALE', 'stale file handle'],
	117: ['EUCLEAN', 'structure needs cleaning'],
	122: ['EDQUOT', 'disk quota exceeded'],
	126: ['ENOKEY', 'required key not available'],
	129: ['EKEYREJECTED', 'key was rejected by service'],
};

const lookUp = (errno: number): readonly [string, string] | undefined => LINUX[errno] ?? getSystemErrorMap().get(-errno);

/** `2` → `'ENOENT'`; a number that nobody knows → `'errno 4711'`. Takes the positive number, as the kernel gives it. */
export const errnoName = (errno: number): string => lookUp(errno)?.[0] ?? `errno ${errno}`;

/** `2` → `'no such file or directory'`. Takes the positive number, as the kernel gives it. */
export const errnoWords = (errno: number): string => lookUp(errno)?.[1] ?? `error number ${errno}`;
