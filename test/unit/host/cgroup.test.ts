/** Where cgroups are, from texts of machines of each kind; and the real ones of this machine, if we may. */

import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync, readFileSync, writeFileSync} from 'node:fs';
import test from 'ava';
import {directoryOf, parseCgroupMounts, parseOwnCgroups} from '../../../orchestrator/host/cgroup-mounts.js';
import {cgroupsFor, listCgroups, makeCgroups, removeCgroups} from '../../../orchestrator/host/cgroup.js';
import {isPrivileged} from '../../../orchestrator/host/privilege.js';
import {canFreeze, freeze, isFrozen, thaw} from '../../../orchestrator/host/freezer.js';

const pureV2 = '24 1 8:1 / / rw - ext4 /dev/sda1 rw\n35 24 0:29 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n';
const v1 = [
	'31 24 0:27 / /sys/fs/cgroup ro,nosuid shared:9 - tmpfs tmpfs ro,mode=755',
	'32 31 0:28 / /sys/fs/cgroup/systemd rw shared:10 - cgroup cgroup rw,xattr,release_agent=/x,name=systemd',
	'33 31 0:31 / /sys/fs/cgroup/cpu,cpuacct rw shared:15 - cgroup cgroup rw,cpu,cpuacct',
	'34 31 0:32 / /sys/fs/cgroup/memory rw shared:16 - cgroup cgroup rw,memory',
	'35 31 0:33 / /sys/fs/cgroup/freezer rw shared:17 - cgroup cgroup rw,freezer',
].join('\n');
const hybrid = `${v1}\n36 31 0:39 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw`;

test('a pure v2 machine', t => {
	t.deepEqual([...parseCgroupMounts(pureV2)], [['v2', {path: '/sys/fs/cgroup', root: '/'}]]);
});

test('a v1 machine: each controller where it is; a hierarchy without one isn\'t one', t => {
	const mounts = parseCgroupMounts(v1);
	t.is(mounts.get('memory')?.path, '/sys/fs/cgroup/memory');
	t.is(mounts.get('cpuacct')?.path, '/sys/fs/cgroup/cpu,cpuacct');
	t.is(mounts.get('freezer')?.path, '/sys/fs/cgroup/freezer');
	t.false(mounts.has('v2'));
	t.false(mounts.has('name=systemd'));
});

test('a hybrid machine has both', t => {
	const mounts = parseCgroupMounts(hybrid);
	t.is(mounts.get('v2')?.path, '/sys/fs/cgroup/unified');
	t.is(mounts.get('memory')?.path, '/sys/fs/cgroup/memory');
});

test('in a container: read-only mounts are none, and of several the one that shows most', t => {
	t.is(parseCgroupMounts('1 0 0:29 / /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw').size, 0);
	const twice = '1 0 0:29 /deep /mnt rw - cgroup2 cgroup rw\n2 0 0:29 / /sys/fs/with\\040space rw - cgroup2 cgroup rw';
	t.deepEqual(parseCgroupMounts(twice).get('v2'), {path: '/sys/fs/with space', root: '/'});
});

test('our own cgroups, and their directories', t => {
	const own = parseOwnCgroups('4:cpu,cpuacct:/a\n1:name=systemd:/init.scope\n0::/user.slice/x:y\n');
	t.is(own.get('v2'), '/user.slice/x:y');
	t.is(own.get('cpuacct'), '/a');
	t.is(directoryOf({path: '/sys/fs/cgroup', root: '/'}, '/user.slice'), '/sys/fs/cgroup/user.slice');
	t.is(directoryOf({path: '/sys/fs/cgroup', root: '/'}, '/'), '/sys/fs/cgroup');
	t.is(directoryOf({path: '/m', root: '/docker/1'}, '/docker/1'), '/m');
	t.is(directoryOf({path: '/m', root: '/docker/1'}, '/docker/1/sub'), '/m/sub');
	t.is(directoryOf({path: '/m', root: '/docker/1'}, '/docker/12'), undefined, 'another one');
	t.is(directoryOf({path: '/m', root: '/'}, '/../out'), undefined, 'outside of our cgroup namespace');
});

const kinds = new Map([['as containers have them', cgroupsFor(`unit-${process.pid}`, '/nowhere')]]);
const freezer = parseCgroupMounts(readFileSync('/proc/self/mountinfo', 'latin1')).get('freezer')?.path;
if (freezer !== undefined && isPrivileged()) {
	kinds.set('of version 1', [`${freezer}/cloche-unit-${process.pid}`]);
}

for (const [kind, mine] of kinds) {
	(mine.length === 0 ? test.skip : test)(`real ones, ${kind}: made, frozen, thawed, removed with what is below them`, async t => {
		makeCgroups(mine);
		makeCgroups(mine);
		t.true(canFreeze(mine));
		const child = spawn('sleep', ['1000'], {stdio: 'ignore'});
		await once(child, 'spawn');
		try {
			for (const path of mine) {
				writeFileSync(`${path}/cgroup.procs`, String(child.pid));
			}

			makeCgroups([`${mine[0]}/below`]);
			t.false(isFrozen(mine));
			await freeze(mine);
			t.true(isFrozen(mine));
			thaw(mine);
			t.false(isFrozen(mine));
			t.throws(() => {
				removeCgroups(mine);
			}, {message: /cannot remove a container's cgroup: /u});
		} finally {
			child.kill('SIGKILL');
			await once(child, 'exit');
			removeCgroups(mine);
		}

		removeCgroups(mine);
		t.false(mine.some(path => existsSync(path)));
	});
}

test('those of one state root are listed, and no other\'s', t => {
	const data = `/nowhere/${process.pid}`;
	const mine = cgroupsFor('one', data);
	const other = cgroupsFor('one', `${data}-other`);
	makeCgroups([...mine, ...other]);
	t.deepEqual(listCgroups(data), mine.map(path => ({id: 'one', path})));
	removeCgroups([...mine, ...other]);
	t.deepEqual(listCgroups(data), []);
});
