/**
 * Docker's `--format`: Go's text/template, as far as people use it with docker: fields, pipes, if, range, with, and the functions
 * in functions.ts. Ours, since what npm has of it is larger than the command, and compiles to code by `new Function`.
 */

import {ClocheError} from '../../base/errors.js';
import {functions, isTrue, show, type Value} from './functions.js';
import type {Word} from './lex.js';
import {type Node, parseTemplate, type Pipeline} from './parse-template.js';

/** A field that is a function takes the words that follow it: `{{.Label "x"}}`. */
type Method = (...values: Value[]) => Value;

const isMethod = (value: Value): value is Method => typeof value === 'function';

const unknown = (what: string, name: string, known: readonly string[]): ClocheError =>
	new ClocheError(`unknown ${what} in --format`, {where: name, remedy: known.length === 0 ? 'there are none here' : `there are ${known.join(', ')}`});

/** By its name, whatever the case of its letters: docker's `.State.ExitCode` is our `state.exitCode`. */
const fieldOf = (value: Value, name: string): Value => {
	if (value === null || value === undefined) {
		return undefined;
	}

	const names = typeof value === 'object' ? Object.keys(value) : [];
	const key = names.includes(name) ? name : names.find(candidate => candidate.toLowerCase() === name.toLowerCase());
	if (key === undefined) {
		throw unknown('field', `.${name}`, names.map(each => `.${each}`));
	}

	return (value as Record<string, Value>)[key];
};

interface Scope {
	dot: Value;
	variables: ReadonlyMap<string, Value>;
}

const follow = (value: Value, path: readonly string[]): Value => path.reduce((inner, name) => fieldOf(inner, name), value);

const valueOf = (word: Word | Pipeline, scope: Scope): Value => {
	if (Array.isArray(word)) {
		return calculate(word, scope);
	}

	switch (word.kind) {
		case 'value': return word.value;
		case 'field': return follow(scope.dot, word.path);
		case 'variable': {
			const [name = '', ...path] = word.text.split('.');
			if (!scope.variables.has(name)) {
				throw unknown('variable', name, [...scope.variables.keys()]);
			}

			return follow(scope.variables.get(name), path);
		}

		case 'name':
		case 'symbol': {
			if (!Object.hasOwn(functions, word.text)) {
				throw unknown('function', word.text, Object.keys(functions));
			}

			return functions[word.text];
		}
	}
};

const calculate = (pipeline: Pipeline, scope: Scope): Value => {
	let handed: Value[] = [];
	for (const {words} of pipeline) {
		const [first, ...rest] = words.map(word => valueOf(word, scope));
		const values = [...rest, ...handed];
		if (!isMethod(first) && values.length > 0) {
			throw new ClocheError('not a template', {why: `${show(first)} is no function`, remedy: `there are ${Object.keys(functions).join(', ')}`});
		}

		handed = [isMethod(first) ? first(...values) : first];
	}

	return handed[0];
};

const entriesOf = (value: Value): Array<[Value, Value]> =>
	Array.isArray(value) ? [...value.entries()] : typeof value === 'object' && value !== null ? Object.entries(value) : [];

const renderNode = (node: Node, scope: Scope): string => {
	switch (node.kind) {
		case 'text': return node.text;
		case 'print': return show(calculate(node.pipeline, scope));
		case 'if':
		case 'with': {
			const value = calculate(node.pipeline, scope);
			const inner = node.kind === 'with' && isTrue(value) ? {...scope, dot: value} : scope;
			return renderAll(isTrue(value) ? node.then : node.otherwise, inner);
		}

		case 'range': {
			const entries = entriesOf(calculate(node.pipeline, scope));
			return entries.length === 0 ? renderAll(node.otherwise, scope) : entries.map(([key, value]) => {
				const named = node.variables.length > 1 ? [key, value] : [value];
				return renderAll(node.then, {dot: value, variables: new Map([...scope.variables, ...node.variables.map((name, index) => [name, named[index]] as const)])});
			}).join('');
		}
	}
};

const renderAll = (nodes: readonly Node[], scope: Scope): string => nodes.map(node => renderNode(node, scope)).join('');

/**
 * @returns what makes a line of a value
 * @throws ClocheError where the template can't be read; what it returns throws one that lists what there is, where it names something else
 */
export const compileTemplate = (template: string): ((value: Value) => string) => {
	const nodes = parseTemplate(template);
	return value => renderAll(nodes, {dot: value, variables: new Map([['$', value]])});
};
