import {chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, unlinkSync, utimesSync, writeFileSync} from 'node:fs';
import {setTimeout as sleep} from 'node:timers/promises';
import test from 'ava';
import {formatIdentity, isAlive} from '../../../../orchestrator/base/process.js';
import {makeClaim} from '../../../../orchestrator/container/store/claim.js';
import {createContainer} from '../../../../orchestrator/container/store/create.js';
import {readExit, recordInit} from '../../../../orchestrator/container/store/exit.js';
import {collectGarbage} from '../../../../orchestrator/container/store/gc.js';
import {occupyContainer, releaseContainer} from '../../../../orchestrator/container/store/keep.js';
import {liveDirectory, namesDirectory} from '../../../../orchestrator/container/store/roots.js';
import {collectThoroughly} from '../../../../orchestrator/container/store/sweep.js';
import {container, deadProcess, livingProcess, scratchRoots, self} from './scratch.js';

test('what a dead owner left is removed, with the directories that overlay and payloads shut', async t => {
	const roots = scratchRoots(t);
	const {id, directory} = createContainer(roots, container(await deadProcess(t), {name: 'gone'}));
	mkdirSync(`${directory}/work/work`, {recursive: true});
	chmodSync(`${directory}/work/work`, 0);
	mkdirSync(`${directory}/upper/shut/in`, {recursive: true});
	chmodSync(`${directory}/upper/shut`, 0);
	symlinkSync('/etc', `${directory}/upper/link`);
	mkdirSync(`${roots.run}/${id}`, {recursive: true});
	t.deepEqual(collectGarbage(roots), {removed: [id], settled: [], problems: []});
	t.false(existsSync(directory));
	t.false(existsSync(`${roots.run}/${id}`));
	t.true(existsSync('/etc/passwd'));
	t.deepEqual(readdirSync(liveDirectory(roots)), []);
	t.deepEqual(readdirSync(namesDirectory(roots)), []);
});

test('who was killed before the name was its own never ran: all of it is removed, kept or not', async t => {
	for (const keep of [true, false]) {
		const roots = scratchRoots(t);
		const {id} = createContainer(roots, container(await deadProcess(t), {keep, name: 'wanted'}));
		renameSync(`${namesDirectory(roots)}/wanted`, `${namesDirectory(roots)}/.wanted.${id}`);
		t.deepEqual(collectGarbage(roots), {removed: [id], settled: [], problems: []});
		t.deepEqual(readdirSync(namesDirectory(roots)), []);
	}
});

test('the directory of a name that nobody has is removed by gc', t => {
	const roots = scratchRoots(t);
	createContainer(roots, container(self(), {name: 'mine'}));
	mkdirSync(`${namesDirectory(roots)}/nobodys`);
	t.deepEqual(collectThoroughly(roots), {removed: [], settled: [], problems: []});
	t.deepEqual(readdirSync(namesDirectory(roots)), ['mine']);
});

test('nothing of the living is touched', t => {
	const roots = scratchRoots(t);
	const {directory} = createContainer(roots, container(self(), {name: 'mine'}));
	t.deepEqual(collectThoroughly(roots), {removed: [], settled: [], problems: []});
	t.true(existsSync(directory));
	t.is(readdirSync(namesDirectory(roots)).length, 1);
});

test('an init that outlived its supervisor is killed', async t => {
	const roots = scratchRoots(t);
	const {directory} = createContainer(roots, container(await deadProcess(t)));
	const {identity} = livingProcess(t);
	recordInit(directory, identity.pid);
	collectGarbage(roots);
	t.false(isAlive(identity));
});

test('a pid that was reused is not: its start time differs', async t => {
	const roots = scratchRoots(t);
	const {directory} = createContainer(roots, container(await deadProcess(t)));
	const {identity} = livingProcess(t);
	symlinkSync(`${identity.boot}-${identity.pid}-${identity.start + 1}`, `${directory}.init`);
	collectGarbage(roots);
	t.true(isAlive(identity));
});

test('a kept one of a dead supervisor is settled: its exit record says so, and it can be occupied again', async t => {
	const roots = scratchRoots(t);
	const {id, directory} = createContainer(roots, container(await deadProcess(t), {keep: true, name: 'kept'}));
	symlinkSync('00000000-1-1', `${directory}.init`);
	t.deepEqual(collectGarbage(roots), {removed: [], settled: [id], problems: []});
	t.is(readExit(directory)?.error, 'supervisor died');
	t.deepEqual(collectGarbage(roots).settled, []);
	t.is(occupyContainer(roots, id, self()).id, id);
});

test('one that never ran has no exit record', async t => {
	const roots = scratchRoots(t);
	const {directory} = createContainer(roots, container(await deadProcess(t), {keep: true}));
	collectGarbage(roots);
	t.is(readExit(directory), undefined);
});

test('after a reboot every claim is abandoned, even if the pid runs again', t => {
	const roots = scratchRoots(t);
	const {id} = createContainer(roots, container({...self(), boot: '00000000'}));
	t.deepEqual(collectGarbage(roots).removed, [id]);
});

test('a claim from another pid namespace is left alone: its pid means nothing here', async t => {
	const roots = scratchRoots(t);
	const {claim} = createContainer(roots, container(await deadProcess(t)));
	unlinkSync(claim.path);
	symlinkSync('pid:[1]', claim.path);
	t.deepEqual(collectGarbage(roots), {removed: [], settled: [], problems: []});
	t.is(readdirSync(liveDirectory(roots)).length, 1);
});

test('claims of a form nobody knows stay', t => {
	const roots = scratchRoots(t);
	const {claim} = createContainer(roots, container(self()));
	renameSync(claim.path, `${liveDirectory(roots)}/2:whatever`);
	collectThoroughly(roots);
	t.deepEqual(readdirSync(liveDirectory(roots)), ['2:whatever']);
});

test('killed between claim, directory and record: each is cleaned up', async t => {
	const roots = scratchRoots(t);
	const dead = await deadProcess(t);
	const first = createContainer(roots, container(dead));
	rmSync(first.directory, {recursive: true});
	const second = createContainer(roots, container(dead));
	rmSync(`${second.directory}/record.json`);
	const third = createContainer(roots, container(dead));
	writeFileSync(`${third.directory}/record.json`, '{"vers');
	t.is(collectGarbage(roots).removed.length, 3);
	t.deepEqual(readdirSync(`${roots.data}/containers`), []);
});

test('a kept one whose record is damaged or newer is told of, and stays', async t => {
	const roots = scratchRoots(t);
	const {directory} = createContainer(roots, container(await deadProcess(t), {keep: true}));
	for (const text of ['{"vers', '{"version":2}']) {
		writeFileSync(`${directory}/record.json`, text);
		const {removed, problems} = collectGarbage(roots);
		t.deepEqual(removed, []);
		t.is(problems.length, text === '{"vers' ? 1 : 0);
		t.true(existsSync(directory));
	}
});

test('a dead claim beside a living one of the same container costs it nothing', async t => {
	const roots = scratchRoots(t);
	const {id, directory} = createContainer(roots, container(self()));
	const dead = await deadProcess(t);
	const other = createContainer(roots, container(dead));
	renameSync(other.claim.path, other.claim.path.replace(other.id, id));
	collectGarbage(roots);
	t.true(existsSync(directory));
	t.is(readdirSync(liveDirectory(roots)).length, 1);
});

test('who was killed before he could keep what he made is remembered until its supervisor is gone, and then nothing of it stays', async t => {
	const roots = scratchRoots(t);
	const supervisor = await deadProcess(t);
	const maker = await deadProcess(t);
	const {id, directory, claim} = createContainer(roots, container(self(), {detached: true, name: 'draft'}));
	renameSync(claim.path, claim.path.replace(formatIdentity(self()), formatIdentity(maker)));
	const living = makeClaim(roots, id, self());
	collectGarbage(roots);
	t.true(existsSync(directory));
	t.is(readdirSync(liveDirectory(roots)).length, 2);
	renameSync(living?.path ?? '', living?.path.replace(formatIdentity(self()), formatIdentity(supervisor)) ?? '');
	collectGarbage(roots);
	t.deepEqual([`${roots.data}/containers`, liveDirectory(roots), `${roots.data}/names`].flatMap(path => readdirSync(path)), []);
});

test('the thorough one removes what is not kept and nobody claims, and leaves what is kept', t => {
	const roots = scratchRoots(t);
	const orphan = createContainer(roots, container(self()));
	unlinkSync(orphan.claim.path);
	const kept = createContainer(roots, container(self(), {keep: true}));
	releaseContainer(roots, kept.claim);
	t.deepEqual(collectThoroughly(roots), {removed: [orphan.id], settled: [], problems: []});
	t.deepEqual(readdirSync(`${roots.data}/containers`), [kept.id]);
	for (const text of ['{"vers', '', '{"version":2}']) {
		writeFileSync(`${kept.directory}/record.json`, text);
		t.is(collectThoroughly(roots).problems.length, 1);
		t.true(existsSync(kept.directory));
	}
});

test('the thorough one frees stale names, and removes temporaries once they are old', async t => {
	const roots = scratchRoots(t);
	const {directory} = createContainer(roots, container(self(), {keep: true, name: 'stale'}));
	rmSync(directory, {recursive: true});
	const old = `${namesDirectory(roots)}/.x.abcdefghijkl`;
	mkdirSync(old);
	utimesSync(old, 0, 0);
	mkdirSync(`${namesDirectory(roots)}/.y.abcdefghijkl`);
	await sleep(1);
	collectThoroughly(roots);
	t.deepEqual(readdirSync(namesDirectory(roots)), ['.y.abcdefghijkl']);
});
