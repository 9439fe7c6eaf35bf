/**
 * Builds dist/: the installed command (dist/cloche.cjs and its chunks) and the library (dist/index.js).
 *
 * The command is CommonJS, which starts 5 ms sooner than an ES module (Node 20). What it loads late must stay out of the
 * first file, since Node compiles all of it, wanted or not (55 µs a KB); only ES modules can be split, so it is
 * split as such, and each chunk is then turned into CommonJS. Nothing is duplicated, so `instanceof` holds across chunks.
 */

import {chmod, copyFile, mkdir, readFile, readdir, rm, writeFile} from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import * as esbuild from 'esbuild';

const dist = 'dist';
const target = 'node20';

const common = {bundle: true, platform: 'node', target, format: 'esm', splitting: true, outdir: dist, logLevel: 'warning', legalComments: 'none'};

async function bundleCommand() {
	await esbuild.build({
		...common,
		entryPoints: {cloche: 'orchestrator/main.ts'},
		minify: true,
		outExtension: {'.js': '.cjs'},
		chunkNames: 'chunk-[hash]',
	});
	const chunks = (await readdir(dist)).filter(name => name.endsWith('.cjs'));
	await Promise.all(chunks.map(turnIntoCommonJs));
	await chmod(path.join(dist, 'cloche.cjs'), 0o755);
}

async function turnIntoCommonJs(name) {
	const file = path.join(dist, name);
	const {code} = await esbuild.transform(await readFile(file, 'utf8'), {
		format: 'cjs',
		platform: 'node',
		target,
		minify: true,
		// import() of a chunk becomes a late require(), without the ES module loader.
		supported: {'dynamic-import': false},
		define: {'import.meta.dirname': '__dirname'},
		banner: name === 'cloche.cjs' ? '#!/usr/bin/env node' : '',
	});
	await writeFile(file, code);
}

/** The library, its two dependencies left to npm. */
async function bundleLibrary() {
	await esbuild.build({...common, entryPoints: {index: 'orchestrator/index.ts'}, packages: 'external', chunkNames: 'library-[hash]'});
}

process.chdir(path.resolve(import.meta.dirname, '..'));
await rm(dist, {recursive: true, force: true});
await mkdir(dist);
await Promise.all([bundleCommand(), bundleLibrary(), copyFile('build/nsinit', path.join(dist, 'nsinit'))]);
