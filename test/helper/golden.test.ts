import {execFileSync} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'ava';
import {FIELD_HEADER, FRAME_HEADER} from '../../orchestrator/helper/frame-writer.js';
import {Tag} from '../../orchestrator/helper/protocol.js';
import {goldenBytes, goldenEvents, goldenPath, goldenRequests} from '../unit/helper/golden.js';

const directory = mkdtempSync(join(tmpdir(), 'cloche-golden-'));
const golden = join(directory, 'golden');

test.before(() => {
	const sources = ['test/helper/golden.c', 'helper-c/frame.c', 'helper-c/plan.c', 'helper-c/fail.c'];
	execFileSync('cc', ['-D_GNU_SOURCE', '-Wall', '-Werror', '-Ihelper-c', '-o', golden, ...sources], {stdio: ['ignore', 'inherit', 'inherit']});
});

test.after.always(() => {
	rmSync(directory, {recursive: true});
});

const decodeInC = (bytes: Buffer): string => execFileSync(golden, ['decode'], {input: bytes, encoding: 'utf8'});

/** What golden.c prints, from the bytes alone: the layout written down a second time. */
const lay = (bytes: Buffer): string => {
	const lines: string[] = [];
	let ops = 0;
	for (let at = FRAME_HEADER; at < bytes.length;) {
		const tag = bytes.readUInt16LE(at);
		const length = bytes.readUInt32LE(at + 4);
		ops += tag === Tag.OP ? 1 : 0;
		lines.push(`${tag} ${bytes.toString('hex', at + FIELD_HEADER, at + FIELD_HEADER + length)}`);
		at += FIELD_HEADER + length;
	}

	return [`${bytes.readUInt16LE(4)} ${bytes.readUInt32LE(8)} ${ops}`, ...lines, ''].join('\n');
};

for (const name of Object.keys(goldenRequests)) {
	test(`nsinit takes the golden request ${name}, field by field`, t => {
		t.is(decodeInC(goldenBytes(name)), lay(goldenBytes(name)));
	});

	test(`nsinit refuses the golden request ${name} cut at any byte`, t => {
		const bytes = goldenBytes(name);
		for (let cut = 1; cut < bytes.length; cut += Math.max(1, Math.floor(bytes.length / 40))) {
			t.is(decodeInC(bytes.subarray(0, cut)), 'refused: not one whole frame\n');
		}
	});
}

for (const name of Object.keys(goldenEvents)) {
	test(`nsinit makes the event ${name} as its golden frame`, t => {
		const made = execFileSync(golden, ['encode', name]);
		if (process.env['UPDATE_GOLDEN'] !== undefined) {
			writeFileSync(goldenPath(name), made);
		}

		t.deepEqual(made, goldenBytes(name));
	});
}
