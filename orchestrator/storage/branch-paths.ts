/** Which paths a driver can't carry. */

/** A test of one branch's path: why it is refused, or `undefined`. */
export type PathRule = (path: string) => string | undefined;

/** Every driver: the protocol ends a string at its only NUL, and mounting from a relative path depends on who does it. */
const general: PathRule = path => {
	if (path.includes('\0')) {
		return 'a NUL can\'t be part of a path';
	}

	return path.startsWith('/') ? undefined : 'a branch needs an absolute path';
};

/** Characters that mean something in the option string of a driver. */
export const withoutCharacters = (characters: string, driver: string): PathRule => path => {
	const found = Array.from(characters).find(character => path.includes(character));
	return found === undefined ? undefined : `${driver} can't take a path with ${found === '\n' ? 'a newline' : `'${found}'`} in it`;
};

/** Paths of at most `bytes` bytes of UTF-8. */
export const noLongerThan = (bytes: number, driver: string): PathRule => path =>
	Buffer.byteLength(path) > bytes ? `${driver} takes paths of up to ${bytes} bytes` : undefined;

/** The first objection of the rules to one of the paths, with that path; `undefined` where all are fine. */
export const refusedPath = (paths: readonly string[], rules: readonly PathRule[]): string | undefined => {
	for (const path of paths) {
		for (const rule of [general, ...rules]) {
			const why = rule(path);
			if (why !== undefined) {
				return `${path}: ${why}`;
			}
		}
	}

	return undefined;
};

/** Whether `path` is `directory` or lies below it, by their names. */
export const isWithin = (path: string, directory: string): boolean =>
	path === directory || path.startsWith(directory.endsWith('/') ? directory : `${directory}/`);
