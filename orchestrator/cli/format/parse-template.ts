/** Pieces become a tree: text, what is printed, if, range and with. */

import {lexTemplate, type Piece, templateError, type Word} from './lex.js';

/** What is calculated: words that are applied to each other, the last one's value handed on. */
export interface Call {
	words: Array<Word | Pipeline>;
}

export type Pipeline = Call[];

export type Node =
	| {kind: 'text'; text: string}
	| {kind: 'print'; pipeline: Pipeline}
	| {kind: 'if' | 'with'; pipeline: Pipeline; then: Node[]; otherwise: Node[]}
	| {kind: 'range'; pipeline: Pipeline; variables: string[]; then: Node[]; otherwise: Node[]};

const isSymbol = (word: Word | undefined, text: string): boolean => word?.kind === 'symbol' && word.text === text;

class Parser {
	readonly #template: string;
	readonly #pieces: Piece[];

	constructor(template: string) {
		this.#template = template;
		this.#pieces = lexTemplate(template);
	}

	all(): Node[] {
		const {nodes, closing} = this.#block();
		if (closing !== undefined) {
			throw this.#error('an end or else belongs to nothing');
		}

		return nodes;
	}

	/** As far as the end or else that closes it. */
	#block(): {nodes: Node[]; closing?: Word[]} {
		const nodes: Node[] = [];
		for (let piece = this.#pieces.shift(); piece !== undefined; piece = this.#pieces.shift()) {
			if (typeof piece === 'string') {
				nodes.push({kind: 'text', text: piece});
				continue;
			}

			const [first, ...rest] = piece;
			const keyword = first?.kind === 'name' ? first.text : undefined;
			if (keyword === 'end' || keyword === 'else') {
				return {nodes, closing: piece};
			}

			nodes.push(keyword === 'if' || keyword === 'with' || keyword === 'range' ? this.#branch(keyword, rest) : {kind: 'print', pipeline: this.#pipeline(piece)});
		}

		return {nodes};
	}

	#branch(kind: 'if' | 'with' | 'range', words: Word[]): Node {
		const variables = kind === 'range' ? this.#variables(words) : [];
		const pipeline = this.#pipeline(words);
		const {nodes: then, closing} = this.#block();
		const [keyword, next, ...rest] = closing ?? [];
		let otherwise: Node[] = [];
		if (keyword?.kind !== 'name') {
			throw this.#error(`${kind} has no end`);
		}

		if (keyword.text === 'else') {
			if (next?.kind === 'name' && next.text === 'if') {
				otherwise = [this.#branch('if', rest)];
			} else {
				const {nodes, closing: end} = this.#block();
				if (end === undefined) {
					throw this.#error(`${kind} has no end`);
				}

				otherwise = nodes;
			}
		}

		return kind === 'range' ? {kind, pipeline, variables, then, otherwise} : {kind, pipeline, then, otherwise};
	}

	/** `$key, $value :=` at the beginning of a range, which are taken from the words. */
	#variables(words: Word[]): string[] {
		const at = words.findIndex(word => isSymbol(word, ':='));
		return at < 0 ? [] : words.splice(0, at + 1).flatMap(word => word.kind === 'variable' ? [word.text] : []);
	}

	#pipeline(words: Word[]): Pipeline {
		const rest = [...words];
		const pipeline = this.#calls(rest);
		if (rest.length > 0) {
			throw this.#error('a ) belongs to nothing');
		}

		return pipeline;
	}

	#calls(words: Word[]): Pipeline {
		const pipeline: Pipeline = [{words: []}];
		for (let word = words[0]; word !== undefined && !isSymbol(word, ')'); word = words[0]) {
			words.shift();
			if (isSymbol(word, '|')) {
				pipeline.push({words: []});
			} else if (isSymbol(word, '(')) {
				pipeline.at(-1)?.words.push(this.#calls(words));
				if (words.shift() === undefined) {
					throw this.#error('a ( has no )');
				}
			} else {
				pipeline.at(-1)?.words.push(word);
			}
		}

		if (pipeline.some(call => call.words.length === 0)) {
			throw this.#error('an action says nothing');
		}

		return pipeline;
	}

	#error(why: string): Error {
		return templateError(this.#template, why);
	}
}

export const parseTemplate = (template: string): Node[] => new Parser(template).all();
