/** Internet addresses as numbers. Pure. */

export type Family = 4 | 6;

export interface Address {
	family: Family;
	value: bigint;
}

/** How many bits an address has. */
export const BITS: Readonly<Record<Family, number>> = {4: 32, 6: 128};

const parse4 = (text: string): bigint | undefined => {
	const parts = text.split('.');
	const fits = parts.length === 4 && parts.every(part => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256);
	return fits ? parts.reduce((sum, part) => sum << 8n | BigInt(part), 0n) : undefined;
};

/** Its groups of 16 bits; an address of version 4 may end it (RFC 4291, 2.2). */
const groupsOf = (text: string, ends: boolean): bigint[] | undefined => {
	if (text === '') {
		return [];
	}

	const groups: bigint[] = [];
	for (const [index, part] of text.split(':').entries()) {
		const last = ends && index === text.split(':').length - 1 ? parse4(part) : undefined;
		if (last !== undefined) {
			groups.push(last >> 16n, last & 0xFF_FFn);
		} else if (/^[\da-f]{1,4}$/i.test(part)) {
			groups.push(BigInt(`0x${part}`));
		} else {
			return undefined;
		}
	}

	return groups;
};

const parse6 = (text: string): bigint | undefined => {
	const [head = '', tail, ...more] = text.split('::');
	const before = groupsOf(head, tail === undefined);
	const after = groupsOf(tail ?? '', true);
	if (before === undefined || after === undefined || more.length > 0) {
		return undefined;
	}

	const missing = 8 - before.length - after.length;
	if (tail === undefined ? missing !== 0 : missing < 1) {
		return undefined;
	}

	return [...before, ...Array.from({length: missing}, () => 0n), ...after].reduce((sum, group) => sum << 16n | group, 0n);
};

/** `undefined` where it is none. */
export const parseAddress = (text: string): Address | undefined => {
	const family = text.includes(':') ? 6 : 4;
	const value = family === 6 ? parse6(text) : parse4(text);
	return value === undefined ? undefined : {family, value};
};

const format4 = (value: bigint): string => [24n, 16n, 8n, 0n].map(shift => `${value >> shift & 0xFFn}`).join('.');

/** RFC 5952: lower case, the longest run of zeros (two groups at least, the first of equals) cut out. */
const format6 = (value: bigint): string => {
	const groups = Array.from({length: 8}, (_, index) => value >> BigInt(112 - 16 * index) & 0xFF_FFn);
	let start = 0;
	let length = 1;
	for (let from = 0; from < 8; from++) {
		let to = from;
		while (to < 8 && groups[to] === 0n) {
			to++;
		}

		if (to - from > length) {
			[start, length] = [from, to - from];
		}
	}

	const words = groups.map(group => group.toString(16));
	return length < 2 ? words.join(':') : `${words.slice(0, start).join(':')}::${words.slice(start + length).join(':')}`;
};

export const formatAddress = ({family, value}: Address): string => family === 4 ? format4(value) : format6(value);
