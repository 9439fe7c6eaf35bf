/** The house has walls: which part may import which (docs/architecture.md), late imports included. */

import {readFile, readdir} from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';

const root = path.resolve(import.meta.dirname, '../../orchestrator');

/** What each part may import beside itself. Among the domains only `container` imports its siblings. */
const below = ['helper', 'host', 'base'];
const allowed: Readonly<Record<string, readonly string[]>> = {
	cli: ['../package.json', 'api', 'container', 'image', 'storage', 'network', ...below],
	api: ['container', 'image', 'storage', 'network', ...below],
	container: ['image', 'storage', 'network', ...below],
	image: [...below, '../layers'],
	storage: below,
	network: below,
	helper: ['host', 'base'],
	host: ['helper', 'base'],
	base: [],
};

async function listSources(): Promise<string[]> {
	const names = await readdir(root, {recursive: true});
	return names.filter(name => name.endsWith('.ts'));
}

/** A source without its comments, which may show a user what to import. */
async function readCode(file: string): Promise<string> {
	const text = await readFile(path.join(root, file), 'utf8');
	return text.replaceAll(/\/\*.*?\*\//gs, '');
}

/** The relative modules that a file names, as parts of the orchestrator. */
function importedParts(file: string, text: string): string[] {
	const specifiers = [...text.matchAll(/(?:\bfrom\s+|\bimport\s*\(?\s*)'(?<specifier>\.[^']*)'/g)];
	return specifiers.map(match => {
		const target = path.relative(root, path.resolve(root, path.dirname(file), match.groups?.['specifier'] ?? ''));
		const [first = '', second = ''] = target.split(path.sep);
		return first === '..' ? `../${second}` : target.includes(path.sep) ? first : '.';
	});
}

test('imports go one way: cli, api, domains, helper and host, base', async t => {
	const wrong: string[] = [];
	for (const file of await listSources()) {
		const [part = ''] = file.split(path.sep);
		const mine = allowed[part];
		if (mine === undefined) {
			continue;
		}

		for (const target of importedParts(file, await readCode(file))) {
			if (target !== part && !mine.includes(target)) {
				wrong.push(`${file} imports from ${target}`);
			}
		}
	}

	t.deepEqual(wrong, []);
});

test('every directory of the orchestrator has its place behind the fence', async t => {
	const parts = new Set((await listSources()).filter(file => file.includes(path.sep)).map(file => file.split(path.sep)[0]));
	t.deepEqual([...parts].filter(part => part === undefined || allowed[part] === undefined), []);
});

test('no file imports a package that is not installed with us', async t => {
	const known = ['execa', 'nanoid'];
	for (const file of await listSources()) {
		const text = await readCode(file);
		for (const match of text.matchAll(/(?:\bfrom\s+|\bimport\s*\(\s*)'(?<specifier>[^'.][^']*)'/g)) {
			const specifier = match.groups?.['specifier'] ?? '';
			t.true(specifier.startsWith('node:') || known.includes(specifier.split('/')[0] ?? ''), `${file} imports ${specifier}`);
		}
	}
});
