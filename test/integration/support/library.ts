/** The library as npm would install it, beside the command: where everybody can read it, with what it depends on. */

import {cpSync, existsSync, readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {command, repository} from './installed.js';

const install = (name: string): void => {
	const [from, to] = [repository, dirname(command)].map(directory => join(directory, 'node_modules', name)) as [string, string];
	if (!existsSync(to)) {
		cpSync(from, to, {recursive: true});
		const {dependencies = {}} = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8')) as {dependencies?: Record<string, string>};
		for (const other of Object.keys(dependencies)) {
			install(other);
		}
	}
};

/** What programs import it from. */
export const installLibrary = (): string => {
	for (const name of ['execa', 'nanoid']) {
		install(name);
	}

	return `file://${dirname(command)}/index.js`;
};
