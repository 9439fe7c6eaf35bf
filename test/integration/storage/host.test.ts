/** The machine's own root as the lower branch, with the writable one somewhere inside it. */

import {existsSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {contract, inside, scratch, type Subject} from './subject.js';

const onlyOverlay = ({driver}: Subject): string | undefined => driver.name === 'overlay' ? undefined : 'only overlay can: the writable branch lies inside the lower one';

contract('the machine\'s root is a branch: its programs run, what is written stays in the writable one', async (t, subject) => {
	const base = scratch(t, subject);
	const before = readFileSync('/etc/hostname', 'utf8');
	const script = 'cat /etc/hostname; ls -d /usr/bin/env; echo mine >/tmp/cloche-storage-test; cat /tmp/cloche-storage-test';
	t.is(await inside(t, subject, {directory: join(base, 'c'), lowers: ['/'], bare: true}, script), `${before}/usr/bin/env\nmine\n`);
	t.false(existsSync('/tmp/cloche-storage-test'));
}, onlyOverlay);

contract('root inside writes anywhere in it', async (t, subject) => {
	const base = scratch(t, subject);
	const before = readFileSync('/etc/hostname', 'utf8');
	const script = 'echo changed >/etc/hostname; cat /etc/hostname; rm -r /usr/share/doc; mv /usr/share/man /usr/share/woman; mkdir /usr/share/doc /new; ls /usr/share/doc';
	t.is(await inside(t, subject, {directory: join(base, 'c'), lowers: ['/'], bare: true}, script), 'changed\n');
	t.is(readFileSync('/etc/hostname', 'utf8'), before);
	t.true(existsSync('/usr/share/doc'));
}, subject => onlyOverlay(subject) ?? (subject.privileged ? undefined : 'the machine\'s files belong to a root that the user namespace doesn\'t know'));

contract('our own state can\'t be seen through it', async (t, subject) => {
	const base = scratch(t, subject);
	const state = join(base, 'state');
	mkdirSync(join(state, 'other'), {recursive: true});
	writeFileSync(join(state, 'other/secret'), 'secret');
	// Not to /dev/null: this root's /dev is whatever lies below the machine's, and debootstrap leaves devices there that nodev shuts.
	const script = `ls -A ${state} 2>&- || true; cat ${state}/other/secret 2>&- || echo none`;
	t.is(await inside(t, subject, {directory: join(state, 'c'), lowers: ['/'], bare: true, hidden: [state]}, script), 'none\n');
}, onlyOverlay);

contract('a driver that can\'t says so in one line', async (t, subject) => {
	const base = scratch(t, subject);
	const error = await t.throwsAsync(inside(t, subject, {directory: join(base, 'c'), lowers: ['/'], bare: true}, 'true'));
	t.regex(error.message, /^storage driver \w+ can't be used: \/: [^\n]*inside/);
}, ({driver}) => driver.name === 'overlay' ? 'it can' : undefined);
