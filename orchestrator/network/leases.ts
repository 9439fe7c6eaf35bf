/**
 * Leases: `leases/ADDRESS`, a symbolic link whose text is the container's id, made exclusively: of all who try, one gets the address.
 *
 * One is removed only by who answers for its container (the helper in the end, gc when it was killed), or in a turn when nobody does
 * any more. So what is removed is never what somebody else has just claimed.
 */

import {readlinkSync, renameSync, symlinkSync, unlinkSync} from 'node:fs';
import {temporaryFor} from '../base/atomic.js';
import {isErrno} from '../base/errors.js';
import {type Address, formatAddress, parseAddress} from './address.js';
import {lastPath, leasesDirectory, linkText, namesIn, registryDirectory} from './places.js';
import type {Range} from './record.js';
import {contains, usable} from './subnet.js';

export interface Lease {
	/** As it is written. */
	address: string;
	/** The container's id. */
	id: string;
}

export const leasePath = (directory: string, address: string): string => `${leasesDirectory(directory)}/${address}`;

/** All leases of a network, by its directory. */
export const readLeases = (directory: string): Lease[] => namesIn(leasesDirectory(directory)).flatMap(address => {
	const id = linkText(leasePath(directory, address));
	return id === undefined ? [] : [{address, id}];
});

/**
 * Try to take one address.
 *
 * @returns whose it is now
 * @throws ENOENT where the network is being removed
 */
export const takeLease = (directory: string, address: string, id: string): string => {
	for (;;) {
		try {
			symlinkSync(id, leasePath(directory, address));
			return id;
		} catch (error) {
			if (!isErrno(error, 'EEXIST')) {
				throw error;
			}
		}

		try {
			const holder = readlinkSync(leasePath(directory, address));
			return holder === id ? `${id} already` : holder;
		} catch (error) {
			if (!isErrno(error, 'ENOENT')) {
				throw error; // Gone in between otherwise: it is free.
			}
		}
	}
};

/** What this process gave last, by the hint's path. */
const given = new Map<string, Address>();

/** A process that gives many tells the others now and then: it takes half as long as all else about a lease. */
const TOLD_EACH = 16n;

/** Where to go on, so that an address that has just become free isn't somebody else's at once. A hint: nothing hangs on it. */
const readLast = (directory: string, {subnet}: Range): bigint | undefined => {
	const path = `${lastPath(directory)}${subnet.family}`;
	const address = given.get(path) ?? parseAddress(linkText(path) ?? '');
	return address !== undefined && contains(subnet, address) ? address.value : undefined;
};

const writeLast = (directory: string, address: Address): void => {
	const path = `${lastPath(directory)}${address.family}`;
	const first = !given.has(path);
	given.set(path, address);
	if (!first && address.value % TOLD_EACH !== 0n) {
		return;
	}

	const temporary = temporaryFor(path);
	symlinkSync(formatAddress(address), temporary);
	renameSync(temporary, path);
};

/** Addresses in the order in which they are tried: from the one after the last on, and round. */
export const candidates = function * ({subnet, gateway}: Range, last: bigint | undefined): Generator<bigint> {
	const ends = usable(subnet);
	const from = last === undefined || last < ends.first || last >= ends.last ? ends.first : last + 1n;
	for (const [begin, end] of [[from, ends.last], [ends.first, from - 1n]] as const) {
		for (let value = begin; value <= end; value++) {
			if (value !== gateway.value) {
				yield value;
			}
		}
	}
};

/** So many addresses are simply tried; then it is worth reading which are taken, which costs as many tries as there are leases. */
const PATIENCE = 8;

/**
 * Take the next free address.
 *
 * @returns `undefined` where none is free
 * @throws ENOENT where the network is being removed
 */
export const takeNextLease = (directory: string, range: Range, id: string): string | undefined => {
	let taken: ReadonlySet<string> | undefined;
	let tries = 0;
	for (const value of candidates(range, readLast(directory, range))) {
		const address = formatAddress({family: range.subnet.family, value});
		if (++tries > PATIENCE) {
			taken ??= new Set(namesIn(leasesDirectory(directory)));
		}

		if (taken?.has(address) !== true && takeLease(directory, address, id) === id) {
			writeLast(directory, {family: range.subnet.family, value});
			return address;
		}
	}

	return undefined;
};

const unlinkIfThere = (path: string): void => {
	try {
		unlinkSync(path);
	} catch (error) {
		if (!isErrno(error, 'ENOENT') && !isErrno(error, 'ENOTDIR')) {
			throw error;
		}
	}
};

/** Free an address, the names that lead to it first. */
export const dropLease = (directory: string, address: string): void => {
	dropNamesOf(directory, [address]);
	unlinkIfThere(leasePath(directory, address));
};

/** Remove the names that lead to addresses; the addresses stay whose they are. */
export const dropNamesOf = (directory: string, addresses: readonly string[]): void => {
	const registry = registryDirectory(directory);
	for (const host of namesIn(registry)) {
		for (const address of addresses) {
			unlinkIfThere(`${registry}/${host}/${address}`);
		}
	}
};
