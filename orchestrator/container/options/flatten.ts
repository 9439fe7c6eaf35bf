/** The library's objects as the command line's text, so that one parser and one set of checks serves both. */

import type {Many, MountOption, NetworkOption, RunOptions} from './run-options.js';

const isList = <T>(value: Many<T> | object): value is readonly T[] => Array.isArray(value);

/** `{A: '1'}` → `['A=1']`; what is undefined is left out. */
export const flattenRecord = (value: RunOptions['env'] | RunOptions['sysctl']): readonly string[] => {
	if (value === undefined || typeof value === 'string') {
		return value === undefined ? [] : [value];
	}

	return isList<string>(value) ? value : Object.entries(value).flatMap(([name, entry]) => entry === undefined ? [] : [`${name}=${entry}`]);
};

/** `{type: 'bind', source: '/a', target: '/b'}` → `"type=bind","source=/a","destination=/b"`. */
export const flattenMount = (mount: string | MountOption): string => {
	if (typeof mount === 'string') {
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
	if (typeof network !== 'object') {
		return network;
	}

	const {name, alias = [], ...rest} = network;
	const fields = [['name', name], ...[alias].flat().map(value => ['alias', value]), ...Object.entries(rest)];
	return fields.flatMap(([key, value]) => value === undefined ? [] : [`"${`${key ?? ''}=${value}`.replaceAll('"', '""')}"`]).join(',');
};
