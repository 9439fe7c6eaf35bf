/** Words that name things: the container, the host, the user, images. */

import {insidePath, Unacceptable} from './unacceptable.js';

/** A container's name, as docker run takes it; it becomes a file's name, hence the length. */
export const parseName = (value: string): string => {
	if (!/^[a-zA-Z\d][\w.-]{0,127}$/.test(value)) {
		throw new Unacceptable('not a name', 'letters, digits, _ . and -, the first a letter or digit, at most 128');
	}

	return value;
};

/** sethostname(2) takes 64 bytes; what is no host name by RFC 1123 breaks programs that read it. `_` is taken, since it is common. */
export const parseHostname = (value: string): string => {
	if (value.length > 64 || !/^[a-zA-Z\d_](?:[\w.-]*[\w])?$/.test(value)) {
		throw new Unacceptable('not a host name', 'letters, digits, - and ., at most 64');
	}

	return value;
};

/** The kernel's largest id but one, which means "none" ((uid_t) -1, setreuid(2)). */
const LARGEST_ID = 4_294_967_294;

/** `NAME|UID[:GROUP|GID]`; names are looked up inside, later. */
export const parseUser = (value: string): string => {
	const parts = value.split(':');
	if (parts.length > 2 || parts.some(part => part === '') || /[\0\n]/.test(value)) {
		throw new Unacceptable('not a user', 'NAME|UID[:GROUP|GID], as 1000:1000 or nobody');
	}

	if (parts.some(part => /^\d+$/.test(part) && Number(part) > LARGEST_ID)) {
		throw new Unacceptable('an id past the kernel\'s largest', `at most ${LARGEST_ID}`);
	}

	return value;
};

/** `--workdir`. */
export const parseWorkdir = (value: string): string => insidePath(value);

/** `--security-opt`: what weakens is refused by name, since none of it is on unless asked for. */
export const parseSecurityOption = (value: string): {noNewPrivileges: boolean} => {
	const [, name, setting = 'true'] = /^(no-new-privileges)(?:[=:](true|false))?$/.exec(value) ?? [];
	if (name === undefined) {
		throw new Unacceptable('no such option', 'no-new-privileges (a seccomp filter is given by --seccomp FILE)');
	}

	return {noNewPrivileges: setting === 'true'};
};
