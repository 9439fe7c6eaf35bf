/** The options of `cloche exec`. */

import type {CommandTable} from './options.js';

export const execTable: CommandTable = {
	name: 'exec',
	operands: 'CONTAINER COMMAND [ARG…]',
	summary: 'Run one more command in a container that runs, and exit as it does.',
	description: [
		'It has the container\'s environment, directory, user, limits and rights, and ends when the container ends. All words after CONTAINER go to it untouched. Containers of cloche run in the foreground and of the library can be entered, too.',
		'Exit status: the command\'s own; 128+N if signal N ended it; 125 if Cloche failed; 126 if the command can\'t be executed; 127 if it isn\'t there.',
	],
	groups: [{
		title: 'Options',
		options: [
			{name: 'interactive', short: 'i', type: 'boolean', doc: 'give it our standard input; without, it reads end of file'},
			{name: 'tty', short: 't', type: 'boolean', doc: 'give it a terminal'},
			{name: 'detach', short: 'd', type: 'boolean', doc: 'leave it alone once it runs; its output is thrown away'},
			{name: 'env', short: 'e', type: 'string', multiple: true, value: 'NAME[=VALUE]', doc: 'set a variable, or pass on our own'},
			{name: 'env-file', type: 'string', multiple: true, value: 'FILE', doc: 'set variables from lines of NAME=VALUE'},
			{name: 'workdir', short: 'w', type: 'string', value: 'DIR', doc: 'where it starts; it has to be there', default: 'the container\'s'},
			{name: 'user', short: 'u', type: 'string', value: 'USER[:GROUP]', doc: 'who it runs as, names or numbers', default: 'the container\'s'},
			{name: 'privileged', type: 'boolean', doc: 'all capabilities that we have (in a user namespace of its own: that it has), and no seccomp filter'},
		],
	}],
	examples: [
		['cloche exec -it web sh', 'a look inside'],
		['cloche exec -u nobody -w /srv web ls -l', 'as somebody else, somewhere else'],
	],
};
