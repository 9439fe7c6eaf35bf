/** `--volume`, `--mount` and `--tmpfs`: three ways to write one thing, as docker run has them. */

import {splitFields} from './fields.js';
import {parseSize} from './limits.js';
import {insidePath, oneOf, Unacceptable, wholeNumber} from './unacceptable.js';

/** A mount that was asked for, as the OCI spec names its parts. */
export interface SpecMount {
	type: 'bind' | 'tmpfs';
	/** The absolute path inside. */
	destination: string;
	/** A bind's absolute path outside. */
	source?: string;
	/** Attributes (`ro`, `nosuid`, `nodev`, `noexec`), and a tmpfs's own `size=`, `mode=`, `uid=`, `gid=`, `nr_inodes=`. */
	options: string[];
	/** Mounts below a bind's source come with it. */
	recursive?: boolean;
}

const VOLUME = 'SRC:DST[:ro], as ./src:/src:ro';

/** Words that change nothing here: our mounts are recursive and private, and Linux has no cache between. */
const IDLE = new Set(['rw', 'rbind', 'private', 'rprivate', 'suid', 'dev', 'exec', 'cached', 'delegated', 'consistent']);

const ATTRIBUTES = new Set(['ro', 'nosuid', 'nodev', 'noexec']);

/** Docker mounts nothing over the root either, and runc nothing over /proc (libcontainer checkProcMount): what hides parts of it would be covered. */
const destinationPath = (path: string): string => {
	const clean = insidePath(path);
	if (clean === '/') {
		throw new Unacceptable('nothing can be mounted over the container\'s root', 'another path, or --rootfs DIR for another root');
	}

	if (clean === '/proc' || clean.startsWith('/proc/')) {
		throw new Unacceptable('nothing can be mounted over the container\'s /proc', 'another path, or --pid host to see the host\'s processes');
	}

	return clean;
};

/** `~` is the shell's business; a bare word would be a named volume. */
const sourcePath = (path: string, cwd: string): string => {
	if (path === '') {
		throw new Unacceptable('no source', VOLUME);
	}

	if (path.startsWith('/')) {
		return path;
	}

	if (path.startsWith('.')) {
		return `${cwd}/${path}`;
	}

	throw new Unacceptable(`'${path}' would be a named volume, which Cloche has not`, `a path: /${path} or ./${path}`);
};

/** `SRC:DST[:OPTION,…]`. The source must be there already, or the mount fails: unlike docker run, nothing is made on the host. */
export const parseVolume = (value: string, cwd: string): SpecMount => {
	const [source = '', destination, words = '', ...more] = value.split(':');
	if (destination === undefined || more.length > 0) {
		throw new Unacceptable(destination === undefined ? 'no place inside (for an empty one there is --tmpfs)' : 'more than three parts', VOLUME);
	}

	const options = words.split(',').filter(word => word !== '' && !IDLE.has(word));
	const unknown = options.find(word => !ATTRIBUTES.has(word) && word !== 'bind');
	if (unknown !== undefined) {
		throw new Unacceptable(`it has no option '${unknown}'`, 'ro, rw, nosuid, nodev, noexec or bind (without the mounts below)');
	}

	return {
		type: 'bind',
		source: sourcePath(source, cwd),
		destination: destinationPath(destination),
		options: options.filter(word => word !== 'bind'),
		recursive: !options.includes('bind'),
	};
};

const parseTmpfsOption = (option: string): string[] => {
	const [key = '', value] = option.split('=', 2);
	if (value === undefined) {
		if (!ATTRIBUTES.has(key) && !IDLE.has(key)) {
			throw new Unacceptable(`a tmpfs has no option '${option}'`, 'size=, mode=, uid=, gid=, nr_inodes=, ro, exec, suid or dev');
		}

		return ATTRIBUTES.has(key) ? [key] : [];
	}

	switch (key) {
		case 'size': {
			return [/^\d{1,2}%$/.test(value) ? option : `size=${parseSize(value)}`];
		}

		case 'mode': {
			if (!/^[0-7]{1,5}$/.test(value) || Number.parseInt(value, 8) > 0o7777) {
				throw new Unacceptable(`'${value}' is not a mode`, 'octal digits, as mode=1777');
			}

			return [`mode=${value}`];
		}

		case 'uid':
		case 'gid':
		case 'nr_inodes': {
			return [`${key}=${wholeNumber(value, key, 4_294_967_294)}`];
		}

		default: {
			throw new Unacceptable(`a tmpfs has no option '${key}'`, 'size=, mode=, uid=, gid=, nr_inodes=, ro, exec, suid or dev');
		}
	}
};

/** `DST[:OPTION,…]`. As in docker run it is noexec, nosuid and nodev unless `exec`, `suid`, `dev` say otherwise. */
export const parseTmpfs = (value: string): SpecMount => {
	const colon = value.indexOf(':');
	const words = colon === -1 ? [] : value.slice(colon + 1).split(',').filter(word => word !== '');
	const options = ['nosuid', 'nodev', 'noexec'].filter(word => !words.includes(word.slice(2)));
	return {
		type: 'tmpfs',
		destination: destinationPath(colon === -1 ? value : value.slice(0, colon)),
		options: [...new Set([...options, ...words.flatMap(word => parseTmpfsOption(word))])],
	};
};

const FIELD_NAMES: Readonly<Record<string, string>> = {src: 'source', dst: 'destination', target: 'destination', ro: 'readonly'};

const KNOWN_FIELDS = {
	bind: ['type', 'source', 'destination', 'readonly', 'bind-recursive', 'bind-propagation'],
	tmpfs: ['type', 'destination', 'readonly', 'tmpfs-size', 'tmpfs-mode'],
} as const;

const isSet = (value: string | undefined): boolean => value !== undefined && oneOf(['true', '1', 'false', '0', ''])(value) !== 'false' && value !== '0';

/** `type=bind,src=…,dst=…[,readonly]` or `type=tmpfs,dst=…[,tmpfs-size=…,tmpfs-mode=…]`; a field may be quoted, as in CSV. */
export const parseMount = (value: string, cwd: string): SpecMount => {
	const fields = new Map(splitFields(value).map(field => {
		const [key = '', ...rest] = field.split('=');
		return [FIELD_NAMES[key] ?? key, rest.join('=')] as const;
	}));
	const type = fields.get('type');
	if (type !== 'bind' && type !== 'tmpfs') {
		throw new Unacceptable(type === undefined ? 'no type' : `no mounts of type '${type}' here`, 'type=bind,src=PATH,dst=PATH or type=tmpfs,dst=PATH');
	}

	const unknown = [...fields.keys()].find(key => !(KNOWN_FIELDS[type] as readonly string[]).includes(key));
	const destination = fields.get('destination');
	if (unknown !== undefined || destination === undefined) {
		throw new Unacceptable(unknown === undefined ? 'no dst' : `a ${type} has no field '${unknown}'`, KNOWN_FIELDS[type].join(', '));
	}

	const readonly = isSet(fields.get('readonly')) ? ['ro'] : [];
	if (type === 'bind') {
		oneOf(['rprivate', 'private'])(fields.get('bind-propagation') ?? 'private');
		return {
			type,
			source: sourcePath(fields.get('source') ?? '', cwd),
			destination: destinationPath(destination),
			options: readonly,
			recursive: oneOf(['enabled', 'disabled'])(fields.get('bind-recursive') ?? 'enabled') === 'enabled',
		};
	}

	const own = ['size', 'mode'].flatMap(key => fields.has(`tmpfs-${key}`) ? parseTmpfsOption(`${key}=${fields.get(`tmpfs-${key}`) ?? ''}`) : []);
	return {type, destination: destinationPath(destination), options: ['nosuid', 'nodev', 'noexec', ...readonly, ...own]};
};
