/**
 * Builds dist/: the installed command (dist/cloche.cjs) and the library (dist/index.js).
 *
 * The command is CommonJS, which starts 5 ms sooner than an ES module (Node 20), in one file whose compiled code is kept
 * (orchestrator/launcher.cjs). execa and yaml stay out of it: loading execa takes 20 ms, and a plain `run` needs neither.
 */

import {spawnSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {chmod, copyFile, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import * as esbuild from 'esbuild';

const dist = 'dist';
// A directory of its own, so that two builds at once don't meet.
const next = `build/dist-${process.pid}`;
const common = {bundle: true, platform: 'node', target: 'node20', outdir: next, logLevel: 'warning', legalComments: 'none'};

/** What few commands need. */
const APART = ['execa', 'yaml'];

const apart = {
	name: 'apart',
	setup(build) {
		build.onResolve({filter: new RegExp(`^(?:${APART.join('|')})$`)}, ({path: name}) => ({path: `./${name}.cjs`, external: true}));
	},
};

async function bundleCommand() {
	const options = {
		...common,
		format: 'cjs',
		minify: true,
		outExtension: {'.js': '.cjs'},
		// import() becomes a late require(), without the ES module loader.
		supported: {'dynamic-import': false},
		define: {'import.meta.dirname': '__dirname'},
	};
	const alone = name => ({contents: `export * from '${name}'`, resolveDir: process.cwd(), sourcefile: `${name}.js`});
	await Promise.all([
		esbuild.build({...options, entryPoints: {command: 'orchestrator/main.ts'}, plugins: [apart]}),
		...APART.map(name => esbuild.build({...options, outdir: undefined, outfile: path.join(next, `${name}.cjs`), stdin: alone(name)})),
	]);
	const launcher = await readFile('orchestrator/launcher.cjs', 'utf8');
	const hash = createHash('sha256').update(await readFile(path.join(next, 'command.cjs'))).digest('hex').slice(0, 16);
	const {code} = await esbuild.transform(launcher, {minify: true, target: 'node20', define: {COMMAND_HASH: `"${hash}"`}});
	// V8's helper threads and the guard pages of WebAssembly are set up at every start (1 ms), and nothing here uses them.
	// Behind `--`: Node 20 reads the file of any --env-file among its words, the payload's included, and fails where there is none.
	await writeFile(path.join(next, 'cloche.cjs'), `#!/usr/bin/env -S node --v8-pool-size=0 --disable-wasm-trap-handler --\n${code}`);
	await chmod(path.join(next, 'cloche.cjs'), 0o755);
}

/** The library, its dependencies left to npm. */
async function bundleLibrary() {
	await esbuild.build({
		...common,
		entryPoints: {index: 'orchestrator/index.ts'},
		format: 'esm',
		splitting: true,
		packages: 'external',
		chunkNames: 'library-[hash]',
	});
}

/** One run, so that the command's launcher keeps what V8 compiled; a machine that can't run containers at least explains one. */
async function warmUp() {
	const root = await mkdtemp(path.join(os.tmpdir(), 'cloche-dist-'));
	try {
		for (const flags of [[], ['--explain']]) {
			const {status} = spawnSync(`${next}/cloche.cjs`, ['run', '--root', root, ...flags, 'busybox', 'true'], {stdio: 'ignore'});
			if (status === 0) {
				return;
			}

			const kept = (await readdir(next)).filter(name => name.endsWith('.cache'));
			await Promise.all(kept.map(async name => rm(path.join(next, name))));
		}
	} finally {
		await rm(root, {recursive: true, force: true});
	}
}

process.chdir(path.resolve(import.meta.dirname, '..'));
await mkdir(next, {recursive: true});
await Promise.all([bundleCommand(), bundleLibrary(), copyFile('build/nsinit', path.join(next, 'nsinit'))]);
await warmUp();
// Aside first: whoever runs dist/cloche.cjs now finds the old one or the new one, but for an instant.
await rename(dist, `${next}-old`).catch(error => {
	if (error.code !== 'ENOENT') {
		throw error;
	}
});
await rename(next, dist);
await rm(`${next}-old`, {recursive: true, force: true});
