/** Trees on the host: made from a table, and described so that any change shows. */

import {createHash} from 'node:crypto';
import {lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';

/** Make files with their texts; a name that ends in a slash is an empty directory. Returns the root. */
export const makeTree = (root: string, entries: Record<string, string>): string => {
	mkdirSync(root, {recursive: true});
	for (const [name, text] of Object.entries(entries)) {
		mkdirSync(join(root, name.endsWith('/') ? name : dirname(name)), {recursive: true});
		if (!name.endsWith('/')) {
			writeFileSync(join(root, name), text);
		}
	}

	return root;
};

/** Every entry with its kind, mode, owner, links, times and content. */
export const describeTree = (root: string): string[] => ['', ...readdirSync(root, {recursive: true, encoding: 'utf8'}).sort()].map(name => {
	const path = join(root, name);
	const status = lstatSync(path, {bigint: true});
	const content = status.isFile() ? createHash('sha256').update(readFileSync(path)).digest('hex') : status.isSymbolicLink() ? readlinkSync(path) : '';
	return [name, status.mode.toString(8), status.uid, status.gid, status.nlink, status.rdev, status.mtimeNs, status.ctimeNs, content].join(' ');
});
