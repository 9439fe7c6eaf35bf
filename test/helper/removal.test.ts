/** What a container leaves is removed, however hostile the tree is, and nothing beside it. */

import {execFileSync} from 'node:child_process';
import {chmodSync, existsSync, lchownSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {constants} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import type {ClocheError} from '../../orchestrator/base/errors.js';
import {encodeCreateAndStart} from '../../orchestrator/helper/encode.js';
import type {Launch} from '../../orchestrator/helper/launch.js';
import type {Plan} from '../../orchestrator/helper/plan.js';
import {Kind, Step, Tag} from '../../orchestrator/helper/protocol.js';
import {fullPlan, marked} from './full-plan.js';
import {Marked, eventually} from './marked.js';
import {Raw, valueOf} from './raw.js';
import {directoryFor, privileges, type Privilege, runPlan} from './support.js';

const asRoot = process.getuid?.() === 0;

/** The tree becomes that of whom the helper runs as. */
const give = (directory: string, privilege: Privilege): void => {
	if (asRoot && privilege === 'rootless') {
		execFileSync('chown', ['-Rh', '65534:65534', directory]);
	}
};

/** A plan that makes nothing: what joins has it all. */
const bare = (argv: string[]): Plan => ({
	namespaces: [], join: [], streams: {stdin: 'null', stdout: 'null', stderr: 'null'}, terminal: false, init: false, cgroups: [], remove: [],
	create: [], start: [{op: 'exec', argv, env: []}],
});

/** Run something short that has `directory` removed with it. */
const removeWith = async (t: ExecutionContext, privilege: Privilege, directory: string, {warnings = [], through = []}: {warnings?: ClocheError[]; through?: string[]} = {}): Promise<void> => {
	const helper = new Marked(t, privilege, {through});
	const plan = fullPlan(t, privilege, ['/probe', 'exit', '0'], {remove: [directory]});
	await runPlan(helper, plan, {onWarning: warning => warnings.push(warning)});
};

/** Each level changes into the one below, since no path may be longer than PATH_MAX; names that a remover could think of are taken. */
const DEEP = `
	const fs = require('node:fs');
	const [, tree, owner, levels] = process.argv;
	const own = name => fs.lchownSync(name, Number(owner), Number(owner));
	process.chdir(tree);
	for (const name of ['.removing-0', '.removing-1', '.removing-7']) {
		fs.mkdirSync(name);
		own(name);
	}
	for (let level = 0; level < Number(levels); level++) {
		if (level % 500 === 2 || level > levels - 10) {
			fs.writeFileSync('.removing-' + level, '');
			own('.removing-' + level);
		}
		fs.mkdirSync('d');
		own('d');
		process.chdir('d');
	}
`;

const fill = (directory: string, files: number): void => {
	for (let file = 0; file < files; file++) {
		writeFileSync(join(directory, String(file)), '');
	}
};

/** Stop a process; whether it was still there for that. */
const stop = async (pid: number): Promise<boolean> => {
	const state = (): string => {
		try {
			return /^State:\s+(\w)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';
		} catch {
			return '';
		}
	};

	try {
		process.kill(pid, 'SIGSTOP');
	} catch {
		return false;
	}

	await eventually(() => ['T', 'Z', 'X', ''].includes(state()), () => `it to stop: ${state()}`);
	return state() === 'T';
};

for (const privilege of privileges) {
	const scratch = (t: ExecutionContext): string => directoryFor(t, privilege);

	// Files are made, and a disk is slow at that.
	const memory = (t: ExecutionContext): string => {
		const directory = mkdtempSync('/dev/shm/cloche-helper-');
		t.teardown(() => rmSync(directory, {recursive: true, force: true}));
		give(directory, privilege);
		return directory;
	};

	test(`${privilege}: links out of the tree are removed, what they point to is not`, async t => {
		const outside = scratch(t);
		const tree = scratch(t);
		writeFileSync(join(outside, 'kept'), 'kept');
		chmodSync(join(outside, 'kept'), 0o444);
		symlinkSync(outside, join(tree, 'directory'));
		symlinkSync(join(outside, 'kept'), join(tree, 'file'));
		symlinkSync('/', join(tree, 'root'));
		symlinkSync('loop', join(tree, 'loop'));
		symlinkSync('nowhere', join(tree, 'dangling'));
		give(tree, privilege);
		await removeWith(t, privilege, tree);
		t.false(existsSync(tree));
		t.is(readFileSync(join(outside, 'kept'), 'utf8'), 'kept');
	});

	test(`${privilege}: a path that is itself a link is removed as a link`, async t => {
		const outside = scratch(t);
		const tree = scratch(t);
		writeFileSync(join(outside, 'kept'), 'kept');
		symlinkSync(outside, join(tree, 'link'));
		give(tree, privilege);
		await removeWith(t, privilege, join(tree, 'link'));
		t.deepEqual(readdirSync(tree), []);
		t.deepEqual(readdirSync(outside), ['kept']);
	});

	test(`${privilege}: directories without any permission are opened up`, async t => {
		const tree = scratch(t);
		for (const mode of [0o000, 0o111, 0o444, 0o555]) {
			const below = join(tree, mode.toString(8), 'below');
			mkdirSync(below, {recursive: true});
			writeFileSync(join(below, 'file'), '');
			chmodSync(join(below, 'file'), 0o000);
			chmodSync(below, mode);
			chmodSync(join(tree, mode.toString(8)), mode);
		}

		give(tree, privilege);
		await removeWith(t, privilege, tree);
		t.false(existsSync(tree));
	});

	// The depth that rm(1) of old failed at; once is enough, a disk takes seconds for it.
	const levels = privilege === privileges[0] ? 5000 : 500;
	test(`${privilege}: a tree of ${levels} levels goes, whatever names it took`, async t => {
		const tree = scratch(t);
		execFileSync(process.execPath, ['-e', DEEP, tree, asRoot && privilege === 'rootless' ? '65534' : String(process.getuid?.()), String(levels)]);
		await removeWith(t, privilege, tree);
		t.false(existsSync(tree));
	});

	// Only root can make something in a place of an ordinary user's that it can't remove.
	const testAsRoot = asRoot ? test : test.skip;
	testAsRoot(`${privilege}: what must not be removed stays, and is told by name${asRoot ? '' : ' (only root can make such a thing)'}`, async t => {
		const tree = scratch(t);
		const below = join(tree, 'mount');
		mkdirSync(below);
		give(tree, privilege);
		const warnings: ClocheError[] = [];
		if (privilege === 'rootless') {
			chmodSync(tree, 0o500);
			lchownSync(tree, 0, 0);
		}

		// Root is stopped by a mount, in a namespace of the helper's own.
		const through = privilege === 'root' ? ['unshare', '-m', 'sh', '-c', 'mount -t tmpfs cloche-test "$0" && exec "$1"', below] : [];
		await removeWith(t, privilege, tree, {warnings, through});
		t.is(warnings.length, 1);
		t.like(warnings[0], {step: 'remove', path: tree});
		t.regex(warnings[0]?.message ?? '', privilege === 'root' ? /busy/ : /denied|permitted/);
		t.true(existsSync(below));
	});

	/** A container that has ended, and the process that removes its tree, stopped in the middle of it: larger trees until one lasts long enough. */
	const stopRemover = async (t: ExecutionContext, helper: Marked): Promise<{tree: string; large: Launch; remover: number}> => {
		const others = helper.inits;
		for (let files = 50_000; ; files *= 2) {
			const tree = memory(t);
			fill(tree, files);
			give(tree, privilege);
			const large = helper.launch(fullPlan(t, privilege, ['/probe', 'exit', '0'], {remove: [tree]}));
			await large.exited; // The answer comes before the removal.
			let over = false;
			large.released.then(() => {
				over = true;
			}, () => undefined);
			let remover: number | undefined;
			await eventually(() => {
				remover = helper.inits.find(pid => !others.includes(pid));
				return over || remover !== undefined;
			}, () => 'a process that removes');
			if (remover !== undefined && await stop(remover) && existsSync(tree)) {
				return {tree, large, remover};
			}

			await large.released;
		}
	};

	test(`${privilege}: a large tree goes beside the others, and keeps no end of theirs open`, async t => {
		const helper = new Marked(t, privilege);
		// Between STREAMS and START the helper holds both ends of this one's pipes, and so did every process it forked.
		const waiting = helper.launch(marked(fullPlan(t, privilege, ['/probe', 'cat'], {streams: {stdin: 'pipe', stdout: 'pipe', stderr: 'null'}}), helper.mark), {autoStart: false});
		const {stdin} = await waiting.streams;
		await waiting.created;
		const {tree, large, remover} = await stopRemover(t, helper);
		waiting.start();
		stdin?.end();
		t.is((await waiting.exited).code, 0); // cat saw the end of its input.
		const {stdout} = await runPlan(helper, fullPlan(t, privilege, ['/probe', 'print', 'served']));
		t.is(stdout, 'served\n');
		t.true(existsSync(tree));
		process.kill(remover, 'SIGCONT');
		await large.released;
		t.false(existsSync(tree));
	});

	test(`${privilege}: a container whose removal goes on can't be joined`, async t => {
		const tree = scratch(t);
		fill(tree, 1000);
		give(tree, privilege);
		const raw = new Raw(t, privilege);
		const streams = {stdin: 'null', stdout: 'null', stderr: 'null'} as const;
		raw.helper.socket.write(encodeCreateAndStart(1, fullPlan(t, privilege, ['/probe', 'exit', '0'], {remove: [tree], streams})));
		await raw.until(({kind}) => kind === Kind.EXITED);
		const proof = join(scratch(t), 'proof');
		raw.helper.socket.write(encodeCreateAndStart(2, bare(['/bin/touch', proof]), {target: 1}));
		const error = await raw.until(({kind, channel}) => kind === Kind.ERROR && channel === 2);
		t.is(valueOf(error, Tag.STEP), Step.JOIN);
		t.is(valueOf(error, Tag.ERRNO), constants.errno.ESRCH);
		await raw.until(({kind, channel}) => kind === Kind.RELEASED && channel === 2);
		t.false(existsSync(proof), 'it ran on the host');
		await raw.until(({kind, channel}) => kind === Kind.RELEASED && channel === 1);
	});

	test(`${privilege}: nor can a channel that never was`, async t => {
		const raw = new Raw(t, privilege);
		raw.helper.socket.write(encodeCreateAndStart(2, bare(['/bin/true']), {target: 1}));
		t.is(valueOf(await raw.until(({kind}) => kind === Kind.ERROR), Tag.STEP), Step.JOIN);
		await raw.until(({kind, channel}) => kind === Kind.RELEASED && channel === 2);
	});

	test(`${privilege}: when the orchestrator goes while a large tree is removed, the removal is finished`, async t => {
		const tree = scratch(t);
		fill(tree, 1000);
		give(tree, privilege);
		const helper = new Marked(t, privilege);
		const large = helper.launch(fullPlan(t, privilege, ['/probe', 'exit', '0'], {remove: [tree]}));
		await large.exited;
		helper.socket.destroy();
		await helper.gone();
		await eventually(() => !existsSync(tree), () => 'the tree to go');
		t.pass();
	});
}
