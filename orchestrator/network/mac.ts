/** Hardware addresses. Pure. */

import {ClocheError} from '../base/errors.js';
import type {Address} from './address.js';

/**
 * Of an endpoint that doesn't say which it wants: made of its address, so that who had that address before it leaves no wrong
 * entry in its neighbours' tables. Locally administered (IEEE 802, the second bit).
 */
export const macOf = ({value}: Address): string => {
	const bytes = [0x02, 0xC1, ...[24n, 16n, 8n, 0n].map(shift => Number(value >> shift & 0xFFn))];
	return bytes.map(byte => byte.toString(16).padStart(2, '0')).join(':');
};

/** `02:42:ac:11:00:02` as its bytes. */
export const parseMac = (text: string): Uint8Array => {
	const bytes = /^[\da-f]{2}(?::[\da-f]{2}){5}$/i.test(text) ? Uint8Array.from(text.split(':'), part => Number.parseInt(part, 16)) : undefined;
	if (bytes === undefined || ((bytes[0] ?? 1) & 1) === 1 || bytes.every(byte => byte === 0)) {
		throw new ClocheError('not a hardware address', {where: text, why: bytes === undefined ? undefined : 'it is a group\'s', remedy: 'give six bytes, as 02:42:ac:11:00:02'});
	}

	return bytes;
};
