/** Imports go one way: cli → api → {container, image, storage, network} → {helper, host} → base (ARCHITECTURE). */

import {readdirSync, readFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';

const root = path.resolve('orchestrator');

/** From the top down; among the domains only `container` imports its siblings. */
const LAYERS: ReadonlyArray<readonly string[]> = [['cli'], ['api'], ['container'], ['image', 'storage', 'network'], ['helper', 'host'], ['base']];

const rank = (part: string): number => LAYERS.findIndex(layer => layer.includes(part));

/** Its own part; the doors at the top, `index.ts` and `main.ts`, are in none. */
const partOf = (file: string): string => path.relative(root, file).split(path.sep)[0] ?? '';

const files = readdirSync(root, {recursive: true, encoding: 'utf8'}).filter(name => name.endsWith('.ts')).map(name => path.join(root, name));

const importsOf = (file: string): string[] =>
	[...readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map(match => path.resolve(path.dirname(file), match[1] ?? ''));

/** helper and host are on one level, and helper may use host's wrappers. */
const allowed = (from: string, to: string): boolean => from === to || rank(to) > rank(from) || (from === 'helper' && to === 'host');

test('there is something to look at', t => {
	t.true(files.length > 50);
	t.true(files.some(file => importsOf(file).length > 0));
});

for (const file of files) {
	const name = path.relative(root, file);
	const from = partOf(file);
	test(`${name} imports only what is below it`, t => {
		for (const imported of importsOf(file).filter(target => target.startsWith(root + path.sep))) {
			const to = partOf(imported);
			if (rank(from) >= 0) {
				t.true(allowed(from, to), `${name} imports ${path.relative(root, imported)}`);
			}
		}

		t.pass();
	});
}

test('every part has its place', t => {
	for (const entry of readdirSync(root, {withFileTypes: true})) {
		t.true(!entry.isDirectory() || rank(entry.name) >= 0, entry.name);
	}
});
