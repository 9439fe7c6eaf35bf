'use strict';
/*
 * The installed command, dist/cloche.cjs: runs command.cjs beside it, with the machine code that V8 kept of it.
 *
 * Compiling the command takes a fifth of what it adds to Node's own start. V8 can store what it compiled, functions that ran
 * included (v8.dev/blog/improved-code-caching); `make dist` makes the file of its own Node, and another Node makes its own
 * at the first `run`, where it may write here.
 *
 * V8 refuses what another build or other flags made, but of the source it compares no more than the length
 * (SerializedCodeData::SourceHash), and what it reads it believes: so the file is named by the source's hash, which
 * `make dist` writes in here, and read only where nobody else could have written it.
 */
const fs = require('fs');
const {Script} = require('vm');

const file = `${__dirname}/command.cjs`;
const kept = `${__dirname}/command-${COMMAND_HASH}-${process.versions.v8}-${process.arch}.cache`;

/** By root, by us, or by whoever could as well have written the command. */
function isTrusted({uid, mode}) {
	return (mode & 0o022) === 0 && (uid === 0 || uid === process.geteuid() || uid === fs.statSync(file).uid);
}

function read() {
	let descriptor;
	try {
		descriptor = fs.openSync(kept, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK);
		return isTrusted(fs.fstatSync(descriptor)) ? fs.readFileSync(descriptor) : undefined;
	} catch {
		return undefined; // Whatever is wrong with it costs time, and nothing else.
	} finally {
		if (descriptor !== undefined) {
			fs.closeSync(descriptor);
		}
	}
}

function keep(script) {
	const temporary = `${kept}.${process.pid}`;
	let descriptor;
	try {
		// Before what is to be written is made, which is in vain where it was installed by someone else.
		descriptor = fs.openSync(temporary, 'wx', 0o644);
		fs.fchmodSync(descriptor, 0o644); // Whatever the umask: for all to read, and for nobody else to write.
		fs.writeFileSync(descriptor, script.createCachedData());
		fs.closeSync(descriptor);
		fs.renameSync(temporary, kept);
	} catch {
		// Read-only, full, replaced meanwhile: starting slower is no failure of the run that just ended.
		if (descriptor !== undefined) {
			fs.rmSync(temporary, {force: true});
		}
	}
}

const cachedData = read();
// esbuild writes ASCII, and latin1 makes the one-byte string of it that V8 reads fastest. What Module.wrap would put around it:
const source = `(function (exports, require, module, __filename, __dirname) {${fs.readFileSync(file, 'latin1')}\n})`;
const script = new Script(source, {filename: file, cachedData});
// Refused, too: made with other flags (NODE_OPTIONS), or cut short by a power failure.
if (script.cachedDataRejected !== false && process.argv.includes('run')) {
	process.on('exit', () => keep(script));
}

script.runInThisContext()(exports, require, module, file, __dirname);
