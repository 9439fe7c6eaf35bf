/** A template's text becomes pieces: what is printed as it is, and the words of each action in `{{ }}`. */

import {ClocheError} from '../../base/errors.js';

export type Word = {kind: 'name' | 'variable' | 'symbol'; text: string} | {kind: 'field'; path: string[]} | {kind: 'value'; value: string | number | boolean | null};

export type Piece = string | Word[];

export const templateError = (template: string, why: string): ClocheError =>
	new ClocheError('not a template', {where: template, why, remedy: 'write it as docker\'s: {{.ID}}, {{json .}}, table {{.ID}}\\t{{.Names}}'});

const WORD = /\s*(?:(?<field>(?:\.[a-zA-Z_]\w*)+|\.)|(?<variable>\$\w*)(?<below>(?:\.[a-zA-Z_]\w*)*)|(?<text>"(?:[^"\\]|\\.)*")|(?<raw>`[^`]*`)|(?<number>-?\d+)|(?<name>[a-zA-Z_]\w*)|(?<symbol>:=|[|(),]))/uy;

const namesIn = (text: string): string[] => text.split('.').filter(name => name !== '');

const CONSTANTS: Readonly<Record<string, boolean | null>> = {true: true, false: false, nil: null};

const wordsOf = (action: string, template: string): Word[] => {
	const words: Word[] = [];
	const end = action.trimEnd().length;
	for (let at = 0; at < end;) {
		WORD.lastIndex = at;
		const {groups} = WORD.exec(action) ?? {};
		if (groups === undefined) {
			throw templateError(template, `{{${action}}} isn't understood from '${action.slice(at).trim()}' on`);
		}

		at = WORD.lastIndex;
		const {field, variable, below = '', text, raw, number, name = '', symbol} = groups;
		if (field !== undefined) {
			words.push({kind: 'field', path: namesIn(field)});
		} else if (variable !== undefined) {
			words.push({kind: 'variable', text: variable + below});
		} else if (text !== undefined) {
			words.push({kind: 'value', value: JSON.parse(text) as string});
		} else if (raw !== undefined) {
			words.push({kind: 'value', value: raw.slice(1, -1)});
		} else if (number !== undefined) {
			words.push({kind: 'value', value: Number(number)});
		} else if (symbol !== undefined) {
			words.push({kind: 'symbol', text: symbol});
		} else {
			const value = CONSTANTS[name];
			words.push(value === undefined ? {kind: 'name', text: name} : {kind: 'value', value});
		}
	}

	return words;
};

/** `\t` and `\n` outside of actions, as docker reads them from a command line. */
const unescape = (text: string): string => text.replace(/\\([tnr\\])/g, (_, letter: string) => ({t: '\t', n: '\n', r: '\r'})[letter] ?? letter);

export const lexTemplate = (template: string): Piece[] => {
	const pieces: Piece[] = [];
	let rest = template;
	for (;;) {
		const begin = rest.indexOf('{{');
		if (begin < 0) {
			return rest === '' ? pieces : [...pieces, unescape(rest)];
		}

		const [whole, trimBefore, action = '', trimAfter] = /^\{\{(- )?((?:"(?:[^"\\]|\\.)*"|`[^`]*`|[^"`])*?)( -)?\}\}/.exec(rest.slice(begin)) ?? [];
		if (whole === undefined) {
			throw templateError(template, 'a {{ has no }}');
		}

		const before = rest.slice(0, begin);
		const text = trimBefore === undefined ? before : before.trimEnd();
		if (text !== '') {
			pieces.push(unescape(text));
		}

		if (!action.trim().startsWith('/*')) {
			pieces.push(wordsOf(action, template));
		}

		rest = rest.slice(begin + whole.length);
		rest = trimAfter === undefined ? rest : rest.trimStart();
	}
};
