'use strict';
/*
 * The installed command, dist/cloche.cjs: runs command.cjs beside it, with the machine code that V8 kept of it.
 *
 * Compiling the command takes a fifth of what it adds to Node's own start. V8 can store what it compiled, functions that ran
 * included (v8.dev/blog/improved-code-caching); the file is named by the version of V8 that can read it, `make dist`
 * makes the one of its own Node, and another Node makes its own at the first `run`, where it may write here. V8 itself
 * refuses a file that isn't for this source, this build or these flags; then nothing is lost but time.
 */
const fs = require('fs');
const {Script} = require('vm');

const file = `${__dirname}/command.cjs`;
const kept = `${__dirname}/command-${process.versions.v8}-${process.arch}.cache`;

function read(name) {
	try {
		return fs.readFileSync(name);
	} catch (error) {
		if (error.code === 'ENOENT') {
			return undefined;
		}

		throw error;
	}
}

function keep(script) {
	const temporary = `${kept}.${process.pid}`;
	try {
		fs.writeFileSync(temporary, script.createCachedData());
		fs.renameSync(temporary, kept);
	} catch (error) {
		// Installed by someone else, or on a disk that is full: starting slower is no failure of the run that just ended.
		if (!['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT'].includes(error.code)) {
			throw error;
		}
	}
}

const cachedData = read(kept);
// esbuild writes ASCII, and latin1 makes the one-byte string of it that V8 reads fastest. What Module.wrap would put around it:
const source = `(function (exports, require, module, __filename, __dirname) {${fs.readFileSync(file, 'latin1')}\n})`;
const script = new Script(source, {filename: file, cachedData});
if (cachedData === undefined && process.argv.includes('run')) {
	process.on('exit', () => keep(script));
}

script.runInThisContext()(exports, require, module, file, __dirname);
