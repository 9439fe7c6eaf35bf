/** What a command's options are, as data: one table drives parsing and help. */

export interface OptionEntry {
	/** The long name, without dashes. */
	readonly name: string;
	/** The short one, a letter. */
	readonly short?: string;
	readonly type: 'boolean' | 'string';
	/** Can be given more than once. */
	readonly multiple?: boolean;
	/** What the value is called in help. */
	readonly value?: string;
	/** One line, lower case, no full stop. */
	readonly doc: string;
	/** In words, where it isn't clear. */
	readonly default?: string;
}

/** Options under a heading of the help. */
export interface OptionGroup {
	readonly title: string;
	readonly options: readonly OptionEntry[];
}

export interface CommandTable {
	readonly name: string;
	/** What follows the options: `IMAGE [COMMAND [ARG…]]`. */
	readonly operands: string;
	/** One line. */
	readonly summary: string;
	/** What else is to be said: paragraphs under the summary. */
	readonly description?: readonly string[];
	readonly groups: readonly OptionGroup[];
	/** Options may follow operands: what comes after them isn't another program's. */
	readonly interspersed?: boolean;
	readonly examples?: ReadonlyArray<readonly [words: string, what: string]>;
}

/** Every command's, before or after its name. */
export const globalOptions: OptionGroup = {
	title: 'Every command',
	options: [
		{name: 'root', type: 'string', value: 'DIR', doc: 'where all state is kept', default: '/var/lib/cloche and /run/cloche, or the XDG directories; CLOCHE_ROOT sets it, too'},
		{name: 'help', short: 'h', type: 'boolean', doc: 'print this'},
	],
};

/** `-h` alone would take docker run's short name for --hostname. */
const withoutShort = (group: OptionGroup): OptionGroup => ({
	...group,
	options: group.options.map(option => ({...option, short: undefined})),
});

/** All options of a command, the global ones among them; its own short names win. */
export const groupsOf = ({groups}: CommandTable): readonly OptionGroup[] => {
	const taken = groups.some(group => group.options.some(({short}) => short === 'h'));
	return [...groups, taken ? withoutShort(globalOptions) : globalOptions];
};
