/** The library's objects as the command line's text, so that one parser and one set of checks serves both. */

import type {MountOption, NetworkOption, RunOptions} from './run-options.js';

/** Where plain JavaScript passes neither, the option's reader refuses it. */
const isRecord = <T extends object>(value: string | T): value is T => typeof value === 'object' && (value as T | null) !== null;

const isEntry = (value: unknown): value is string | number | boolean => ['string', 'number', 'boolean'].includes(typeof value);

/**
 * `{A: '1'}` → `['A=1']`; what is undefined is left out. What isn't text, which plain JavaScript and YAML can pass, stays as it is, for
 * the option's reader to refuse.
 */
export const flattenRecord = (value: RunOptions['env'] | RunOptions['sysctl']): readonly string[] => {
	const given: unknown = value;
	if (typeof given !== 'object' || given === null) {
		return given === undefined ? [] : [given as string];
	}

	return Array.isArray(given) ? given as string[] : Object.entries(given).flatMap(([name, entry]: [string, unknown]) =>
		entry === undefined ? [] : [isEntry(entry) ? `${name}=${entry}` : entry as string]);
};

/** `{type: 'bind', source: '/a', target: '/b'}` → `"type=bind","source=/a","destination=/b"`. */
export const flattenMount = (mount: string | MountOption): string => {
	if (!isRecord(mount)) {
		return mount;
	}

	const fields = mount.type === 'bind'
		? [`source=${mount.source}`, `bind-recursive=${mount.recursive === false ? 'disabled' : 'enabled'}`]
		: [
			...(mount.size === undefined ? [] : [`tmpfs-size=${mount.size}`]),
			...(mount.mode === undefined ? [] : [`tmpfs-mode=${mount.mode.toString(8)}`]),
		];
	return [`type=${mount.type}`, `destination=${mount.target}`, `readonly=${mount.readonly ?? false}`, ...fields]
		.map(field => `"${field.replaceAll('"', '""')}"`)
		.join(',');
};

/** `{name: 'back', alias: ['db']}` → `"name=back","alias=db"`. */
export const flattenNetwork = (network: string | NetworkOption): string => {
	if (!isRecord(network)) {
		return network;
	}

	const {name, alias = [], ...rest} = network;
	const fields = [['name', name], ...[alias].flat().map(value => ['alias', value]), ...Object.entries(rest)];
	return fields.flatMap(([key, value]) => value === undefined ? [] : [`"${`${key ?? ''}=${value}`.replaceAll('"', '""')}"`]).join(',');
};
