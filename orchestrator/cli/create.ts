/** `cloche create`: makes a container and starts nothing. */

import {createDetached} from '../container/detached.js';
import {designContainer} from '../container/prepare.js';
import {stateRoots} from '../container/store/roots.js';
import {claimCidFile} from './cid-file.js';
import type {Command} from './commands.js';
import type {CommandTable} from './options.js';
import {print} from './output.js';
import {runTable} from './run-table.js';
import {readSpec} from './spec.js';

/** Of run's options those that are about running it now. */
const ABSENT = new Set(['detach', 'explain', 'trace']);

const createTable: CommandTable = {
	name: 'create',
	operands: runTable.operands,
	summary: 'Make a container, print its id, and start nothing: cloche start does.',
	description: ['It takes the options of cloche run. All that it needs of this machine is looked up now, and once more when it is started.'],
	groups: runTable.groups
		.map(group => ({...group, options: group.options.filter(({name}) => !ABSENT.has(name))}))
		.filter(({options}) => options.length > 0),
	examples: [['cloche create --name web -v .:/srv busybox httpd -f -h /srv', 'a container that waits for cloche start web']],
};

export const create: Command = {
	table: createTable,
	main: async (operands, values, {root}) => {
		const roots = stateRoots({root});
		const spec = readSpec(operands, values, {detach: true});
		const cidFile = claimCidFile(values['cidfile']);
		try {
			const {id} = await createDetached(await designContainer(spec, roots), roots);
			cidFile?.write(id);
			print(`${id}\n`);
			return 0;
		} catch (error) {
			cidFile?.remove();
			throw error;
		}
	},
};
