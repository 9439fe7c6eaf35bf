/** What a root must do, whichever driver makes it. */

import {chmodSync, chownSync, existsSync, linkSync, lutimesSync, mkdirSync, readFileSync, readdirSync, statSync, symlinkSync, utimesSync} from 'node:fs';
import {join} from 'node:path';
import {execa} from 'execa';
import {contract, give, inside, scratch, type Subject} from './subject.js';
import {describeTree, makeTree} from './trees.js';

const copiesNothing = ({driver}: Subject): string | undefined => driver.name === 'copy' ? 'a copy is no difference that could be stacked' : undefined;

contract('branches show through each other, the topmost first, directories merged', async (t, subject) => {
	const base = scratch(t, subject);
	const top = makeTree(join(base, 'top'), {'data/both': 'top', 'data/top': '1'});
	const low = makeTree(join(base, 'low'), {'data/both': 'low', 'data/low': '2', 'only/low': '3'});
	t.is(await inside(t, subject, {directory: join(base, 'c'), lowers: [top, low]}, 'cat /data/both /data/top /data/low /only/low; ls /data'), 'top123both\nlow\ntop\n');
});

contract('a write copies the file up, and the branch below stays as it was', async (t, subject) => {
	const base = scratch(t, subject);
	const low = makeTree(join(base, 'low'), {'deep/er/file': 'old\n', 'other': 'x'});
	give(low, subject);
	const before = describeTree(low);
	t.is(await inside(t, subject, {directory: join(base, 'c'), lowers: [low]}, 'echo new >>/deep/er/file; echo y >/other; cat /deep/er/file /other'), 'old\nnew\ny\n');
	t.deepEqual(describeTree(low), before);
});

contract('mode, owner and times survive the copying up', async (t, subject) => {
	const base = scratch(t, subject);
	const low = makeTree(join(base, 'low'), {'d/file': 'text', 'd/sticky/': ''});
	give(low, subject);
	if (subject.privileged) {
		chownSync(join(low, 'd/file'), 1234, 4321);
	}

	chmodSync(join(low, 'd/file'), 0o4751);
	chmodSync(join(low, 'd/sticky'), 0o1733);
	utimesSync(join(low, 'd/file'), 1_000_000_000, 1_000_000_000.5);
	// A new link, and entries beside them, copy the file and its directories up without changing them.
	const script = 'ln /d/file /d/link; touch /d/sticky/new; stat -c "%a %u %g %Y" /d/file; stat -c %a /d/sticky; cat /d/file';
	t.is(await inside(t, subject, {directory: join(base, 'c'), lowers: [low]}, script), `4751 ${subject.privileged ? '1234 4321' : '0 0'} 1000000000\n1733\ntext`);
});

contract('a file\'s capabilities survive, too', async (t, subject) => {
	const base = scratch(t, subject);
	const low = makeTree(join(base, 'low'), {program: 'x'});
	const {failed, stderr} = await execa('setcap', ['cap_net_raw+ep', join(low, 'program')], {reject: false});
	if (failed) {
		t.log(`not tested: ${stderr === '' ? 'no setcap' : stderr}`);
		t.pass();
		return;
	}

	await inside(t, subject, {directory: join(base, 'c'), lowers: [low]}, 'ln /program /link');
	const {stdout} = await execa('getcap', [join(base, 'c/upper/program')]);
	t.regex(stdout, /cap_net_raw[+=]ep$/);
}, ({privileged}) => privileged ? undefined : 'only root can give a file capabilities');

contract('what is removed stays removed, and can be made anew', async (t, subject) => {
	const base = scratch(t, subject);
	const low = makeTree(join(base, 'low'), {'file': 'old', 'dir/a': 'a', 'dir/b': 'b'});
	give(low, subject);
	const before = describeTree(low);
	const script = 'rm /file /dir/a; ls /dir; [ ! -e /file ]; echo new >/file; cat /file; rm -r /dir; [ ! -e /dir ]; ls / | grep -c dir || true';
	t.is(await inside(t, subject, {directory: join(base, 'c'), lowers: [low]}, script), 'b\nnew\n0\n');
	t.deepEqual(describeTree(low), before);
});

contract('a directory made where one was removed is empty', async (t, subject) => {
	const base = scratch(t, subject);
	const low = makeTree(join(base, 'low'), {'dir/a': 'a', 'dir/sub/b': 'b'});
	give(low, subject);
	t.is(await inside(t, subject, {directory: join(base, 'c'), lowers: [low]}, 'rm -r /dir; mkdir /dir; ls -A /dir; echo x >/dir/x; find /dir'), '/dir\n/dir/x\n');
});

contract('a directory of a lower branch can be renamed, and so can a file in it', async (t, subject) => {
	const base = scratch(t, subject);
	const low = makeTree(join(base, 'low'), {'dir/a': 'a\n', 'dir/sub/b': 'b\n'});
	give(low, subject);
	const script = 'mv /dir /moved; [ ! -e /dir ]; mv /moved/a /moved/c; cat /moved/c /moved/sub/b; mkdir /dir; ls -A /dir; find /moved | sort';
	t.is(await inside(t, subject, {directory: join(base, 'c'), lowers: [low], keep: true}, script), 'a\nb\n/moved\n/moved/c\n/moved/sub\n/moved/sub/b\n');
	if (subject.driver.name === 'overlay' && subject.privileged) {
		t.false(existsSync(join(base, 'c/upper/moved/sub/b')), 'renamed, not copied');
	}
});

/** Without its index, which takes privilege, overlay forgets which names were one file below, and shows other inode numbers. */
const lacksIndex = ({driver, privileged}: Subject): string | undefined =>
	driver.name === 'overlay' && !privileged ? 'overlay has no index without privilege' : undefined;

contract('hard links are made and kept', async (t, subject) => {
	const base = scratch(t, subject);
	const low = makeTree(join(base, 'low'), {file: 'text\n'});
	give(low, subject);
	t.is(await inside(t, subject, {directory: join(base, 'c'), lowers: [low]}, 'ln /file /link; echo more >>/link; cat /file; stat -c %h /file; rm /file; cat /link'), 'text\nmore\n2\ntext\nmore\n');
});

contract('hard links can be told by their inode number', async (t, subject) => {
	const base = scratch(t, subject);
	const low = makeTree(join(base, 'low'), {file: 'text\n'});
	give(low, subject);
	t.is(await inside(t, subject, {directory: join(base, 'c'), lowers: [low]}, 'ln /file /link; [ /file -ef /link ] && echo same; [ /file -ef /etc/passwd ] || echo other'), 'same\nother\n');
}, lacksIndex);

contract('two names of one file in a lower branch stay one file when it is copied up', async (t, subject) => {
	const base = scratch(t, subject);
	const low = makeTree(join(base, 'low'), {'one': 'old\n', 'dir/': ''});
	linkSync(join(low, 'one'), join(low, 'dir/two'));
	give(low, subject);
	const before = describeTree(low);
	t.is(await inside(t, subject, {directory: join(base, 'c'), lowers: [low]}, 'stat -c %h /one; echo new >/one; cat /dir/two; stat -c %h /dir/two'), '2\nnew\n2\n');
	t.deepEqual(describeTree(low), before);
}, lacksIndex);

contract('symbolic links are kept as they are, and lead where they say inside the root', async (t, subject) => {
	const base = scratch(t, subject);
	const low = makeTree(join(base, 'low'), {'real/file': 'inside\n'});
	symlinkSync('/real/file', join(low, 'absolute'));
	symlinkSync('real', join(low, 'relative'));
	symlinkSync('/nowhere', join(low, 'dangling'));
	lutimesSync(join(low, 'absolute'), 5, 5);
	give(low, subject);
	const script = 'readlink /absolute; cat /absolute; echo more >>/relative/file; cat /real/file; [ ! -e /dangling ]; readlink /dangling; ln -sfn other /relative; readlink /relative';
	t.is(await inside(t, subject, {directory: join(base, 'c'), lowers: [low]}, script), '/real/file\ninside\ninside\nmore\n/nowhere\nother\n');
});

contract('the root has the mode and owner of its topmost branch, whatever the umask', async (t, subject) => {
	const base = scratch(t, subject);
	const low = makeTree(join(base, 'low'), {file: ''});
	chmodSync(low, 0o1775);
	give(low, subject);
	const umask = process.umask(0o077);
	t.teardown(() => process.umask(umask));
	t.is(await inside(t, subject, {directory: join(base, 'c'), lowers: [low]}, 'stat -c "%a %u %g" /'), '1775 0 0\n');
});

contract('whatever is done inside, the branches below stay as they were', async (t, subject) => {
	const base = scratch(t, subject);
	const low = makeTree(join(base, 'low'), {'a/b/c': '1', 'a/d': '2', 'e': '3'});
	symlinkSync('a', join(low, 'f'));
	give(low, subject);
	const before = describeTree(low);
	const script = 'chmod -R 700 /a; touch -d @5 /e /a/d; mv /a/b /b; ln /e /g; rm /f; mkdir /f; truncate -s 100 /a/d; rm -rf /a /b /e; mkdir -p /a/b/c; ls /a/b';
	t.is(await inside(t, subject, {directory: join(base, 'c'), lowers: [low]}, script), 'c\n');
	t.deepEqual(describeTree(low), before);
});

contract('a kept branch is there again at the next start; another container never sees it', async (t, subject) => {
	const base = scratch(t, subject);
	const low = makeTree(join(base, 'low'), {file: 'old\n', gone: ''});
	give(low, subject);
	const kept = {directory: join(base, 'kept'), lowers: [low], keep: true};
	await inside(t, subject, kept, 'echo new >/file; rm /gone');
	const script = 'cat /file; [ -e /gone ] && echo there || echo gone';
	t.is(await inside(t, subject, {directory: join(base, 'other'), lowers: [low]}, script), 'old\nthere\n');
	t.is(await inside(t, subject, kept, script), 'new\ngone\n');
});

contract('a writable branch can be a layer of another container, its whiteouts and renames honoured', async (t, subject) => {
	const base = scratch(t, subject);
	const low = makeTree(join(base, 'low'), {'gone': '', 'opaque/old': '', 'moved/in': 'in\n', 'file': 'old\n'});
	give(low, subject);
	await inside(t, subject, {directory: join(base, 'a'), lowers: [low], keep: true}, 'rm /gone; rm -r /opaque; mkdir /opaque; echo >/opaque/new; mv /moved /to; echo new >/file');
	const script = '[ ! -e /gone ]; ls /opaque; [ ! -e /moved ]; cat /to/in /file';
	t.is(await inside(t, subject, {directory: join(base, 'b'), lowers: [join(base, 'a/upper'), low]}, script), 'new\nin\nnew\n');
}, copiesNothing);

contract('many containers share branches, and each writes its own', async (t, subject) => {
	const base = scratch(t, subject);
	const low = makeTree(join(base, 'low'), {'shared/file': 'old\n'});
	give(low, subject);
	const outputs = await Promise.all(Array.from({length: 8}, async (_, index) =>
		inside(t, subject, {directory: join(base, `c${index}`), lowers: [low]}, `echo ${index} >>/shared/file; rm /etc/passwd; cat /shared/file`)));
	t.deepEqual(outputs, Array.from({length: 8}, (_, index) => `old\n${index}\n`));
	t.is(readFileSync(join(low, 'shared/file'), 'utf8'), 'old\n');
}, ({privileged}) => privileged ? undefined : 'busybox\'s files belong to root there');

contract('everything lies in the container\'s own directory, and can be removed', async (t, subject) => {
	const base = scratch(t, subject);
	const low = makeTree(join(base, 'low'), {file: ''});
	give(low, subject);
	const before = describeTree(low);
	await inside(t, subject, {directory: join(base, 'c'), lowers: [low]}, 'mkdir -p /a/b; chmod 000 /a/b; echo >/file');
	t.deepEqual(describeTree(low), before);
	mkdirSync(join(base, 'empty'));
	t.true(statSync(join(base, 'c')).isDirectory());
});

contract('where the disk can\'t hold it, the writable branch is in memory, and nothing of it on the disk', async (t, subject) => {
	const base = scratch(t, subject);
	const low = makeTree(join(base, 'low'), {'dir/file': 'old\n'});
	chmodSync(low, 0o751);
	give(low, subject);
	const script = 'stat -c %a /; echo new >>/dir/file; cat /dir/file; rm -r /dir; mkdir /dir; ls -A /dir';
	t.is(await inside(t, subject, {directory: join(base, 'c'), lowers: [low], branch: 'memory'}, script), '751\nold\nnew\n');
	t.deepEqual(readdirSync(join(base, 'c')), []);
}, ({driver}) => driver.name === 'copy' ? 'a copy is always on disk' : undefined);
