/** How a value parser refuses: it knows the value and what it takes, but not which option it was given to. */

/** Thrown by the parsers in this directory; `normalizeOptions` adds the option's name and makes it a `ClocheError`. */
export class Unacceptable extends Error {
	/**
	 * @param why what is wrong with the value, as `the size has no unit that is known`
	 * @param accepted what would be taken, as `a number and b, k, m or g, as 64m`
	 */
	constructor(readonly why: string, readonly accepted: string) {
		super(`${why}; give ${accepted}`);
		this.name = 'Unacceptable';
	}
}

/** What a value is, where it isn't what it should be: `null`, `a list`, `an object`, `a number`. */
export const kindOf = (value: unknown): string => {
	if (value === null || value === undefined) {
		return String(value);
	}

	return Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'an object' : `a ${typeof value}`;
};

/** One of a fixed set of words, or a refusal that lists them. */
export const oneOf = <const Word extends string>(words: readonly Word[]) => (value: string): Word => {
	const found = words.find(word => word === value);
	if (found === undefined) {
		throw new Unacceptable('not one of its values', words.join(' or '));
	}

	return found;
};

/** A path that starts at `/` and doesn't climb out: what a place inside the container has to be. */
export const insidePath = (value: string): string => {
	if (!value.startsWith('/')) {
		throw new Unacceptable(`the path inside, '${value}', is not absolute`, 'a path that starts with /');
	}

	return cleanPath(value);
};

/** A path outside, which may start from where its option was written; an empty one leads nowhere. */
export const outsidePath = (path: string, cwd: string): string => path === '' || path.startsWith('/') ? path : `${cwd}/${path}`;

/** `//a/./b/../c/` → `/a/c`, by words alone, as Docker cleans destinations; `..` stops at `/`. */
export const cleanPath = (path: string): string => {
	const parts: string[] = [];
	for (const part of path.split('/')) {
		if (part === '..') {
			parts.pop();
		} else if (part !== '' && part !== '.') {
			parts.push(part);
		}
	}

	return `/${parts.join('/')}`;
};

/** A whole number in decimal digits, at most `limit`; the refusal names the part that it was for. */
export const wholeNumber = (value: string, what: string, limit = Number.MAX_SAFE_INTEGER): number => {
	const number = /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
	if (!(number <= limit)) {
		throw new Unacceptable(`${what}, '${value}', is not a number`, `a whole number from 0 to ${limit}`);
	}

	return number;
};
