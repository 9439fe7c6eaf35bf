/** Which driver carries a root. */

import {ClocheError} from '../base/errors.js';
import {aufs} from './aufs.js';
import {copy} from './copy.js';
import type {DriverName, RootRequest, StorageDriver, Surroundings} from './driver.js';
import {overlay} from './overlay.js';

/** The best one first. */
export const drivers: readonly StorageDriver[] = [aufs, overlay, copy];

const driverNamed = (name: string): StorageDriver => {
	const found = drivers.find(driver => driver.name === name);
	if (found === undefined) {
		throw new ClocheError('no such storage driver', {where: name, remedy: `there are ${drivers.map(driver => driver.name).join(', ')}`});
	}

	return found;
};

/** Refuse a word that names no driver. */
export const parseDriverName = (word: string): DriverName => driverNamed(word).name;

/**
 * The driver that is asked for, or the best one that this kernel, this user and this place can have and that can carry these branches.
 *
 * @param wanted the word of `--storage` or CLOCHE_STORAGE, if any
 * @throws ClocheError where the wanted one can't be had, or none can carry it: it says why of each
 */
export const selectDriver = (request: RootRequest, surroundings: Surroundings, wanted?: string, among = drivers): StorageDriver => {
	const against = (driver: StorageDriver): string | undefined => driver.unavailable(surroundings) ?? driver.objection(request);
	if (wanted !== undefined && wanted !== '') {
		const driver = among.find(({name}) => name === wanted) ?? driverNamed(wanted);
		const why = against(driver);
		if (why === undefined) {
			return driver;
		}

		throw new ClocheError(`storage driver ${driver.name} can't be used`, {why, remedy: 'choose another with --storage, or leave it out'});
	}

	const reasons: string[] = [];
	for (const driver of among) {
		const why = against(driver);
		if (why === undefined) {
			return driver;
		}

		reasons.push(`${driver.name}: ${why}`);
	}

	throw new ClocheError('no storage driver can make this root', {why: reasons.join('; ')});
};
