import {existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs';
import test from 'ava';
import {createContainer} from '../../../../orchestrator/container/store/create.js';
import {recordInit, writeExit} from '../../../../orchestrator/container/store/exit.js';
import {collectThoroughly} from '../../../../orchestrator/container/store/sweep.js';
import {findContainer, listContainers, resolveId} from '../../../../orchestrator/container/store/find.js';
import {occupyContainer, releaseContainer, removeContainer} from '../../../../orchestrator/container/store/keep.js';
import {liveDirectory, namesDirectory, stateDirectories, stateRoots} from '../../../../orchestrator/container/store/roots.js';
import {container, deadProcess, livingProcess, scratchRoots, self} from './scratch.js';

test('roots: --root before CLOCHE_ROOT before root\'s own before XDG', t => {
	t.deepEqual(stateRoots({root: '/r', env: {CLOCHE_ROOT: '/e'}, uid: 0}), {data: '/r', run: '/r/run'});
	t.deepEqual(stateRoots({env: {CLOCHE_ROOT: '/e'}, uid: 1000}), {data: '/e', run: '/e/run'});
	t.deepEqual(stateRoots({env: {CLOCHE_ROOT: '', XDG_DATA_HOME: '/x'}, uid: 0}), {data: '/var/lib/cloche', run: '/run/cloche'});
	t.deepEqual(stateRoots({env: {HOME: '/home/u', XDG_RUNTIME_DIR: '/run/user/1'}, uid: 1}), {data: '/home/u/.local/share/cloche', run: '/run/user/1/cloche'});
	t.deepEqual(stateRoots({env: {HOME: '/home/u', XDG_DATA_HOME: 'relative'}, uid: 1}), {data: '/home/u/.local/share/cloche', run: '/home/u/.local/share/cloche/run'});
	t.deepEqual(stateDirectories({data: '/r', run: '/r/run'}), ['/r']);
	t.deepEqual(stateDirectories({data: '/var/lib/cloche', run: '/run/cloche'}), ['/var/lib/cloche', '/run/cloche']);
});

test('an ephemeral container has a claim and a record, and names what is to be removed, the claim last', t => {
	const roots = scratchRoots(t);
	const {id, directory, claim, record, remove} = createContainer(roots, container(self()));
	t.deepEqual(JSON.parse(readFileSync(`${directory}/record.json`, 'utf8')), record);
	t.is(statSync(directory).mode & 0o777, 0o700);
	t.deepEqual(remove, [`${roots.run}/${id}`, `${directory}.init`, directory, claim.path]);
	for (const path of remove) {
		rmSync(path, {recursive: true, force: true});
	}

	t.deepEqual(readdirSync(liveDirectory(roots)), []);
});

test('one whose branches are in memory is a file: found, occupied by nobody, removed by gc when its owner is dead', async t => {
	const roots = scratchRoots(t);
	const {id, directory, record} = createContainer(roots, container(self(), {branches: false}));
	t.true(statSync(directory).isFile());
	t.true(recordInit(directory, process.pid));
	t.like(findContainer(roots, id), {state: 'running', record, init: self()});
	t.deepEqual(listContainers(roots).containers.map(found => found.record.id), [id]);
	const gone = createContainer(roots, container(await deadProcess(t), {branches: false}));
	t.deepEqual(collectThoroughly(roots), {removed: [gone.id], settled: [], problems: []});
	t.deepEqual(readdirSync(`${roots.data}/containers`).sort(), [id, `${id}.init`].sort());
});

test('a kept one removes nothing by itself, and holds its name', t => {
	const roots = scratchRoots(t);
	const {id, remove} = createContainer(roots, container(self(), {keep: true, name: 'db'}));
	t.deepEqual(remove, []);
	t.is(resolveId(roots, 'db'), id);
	t.is(t.throws(() => createContainer(roots, container(self(), {keep: true, name: 'db'}))).message, `the name is taken: db: by container ${id}; choose another, or remove that container`);
	t.is(readdirSync(`${roots.data}/containers`).length, 1);
	t.is(readdirSync(liveDirectory(roots)).length, 1);
});

test('names and ids that would be paths are refused', t => {
	const roots = scratchRoots(t);
	for (const name of ['', '.', '..', 'a/b', '-a', '.hidden', 'a b', 'a\nb', 'x'.repeat(129)]) {
		t.throws(() => createContainer(roots, container(self(), {keep: true, name})), {message: /^not a container's name/});
		t.throws(() => createContainer(roots, container(self(), {id: name})), {message: /^not a container's id/});
	}

	t.throws(() => createContainer(roots, container(self(), {id: createContainer(roots, container(self())).id})), {message: /id is taken/});
});

test('the name of a container that is gone is free, that of a dead ephemeral one too', async t => {
	const roots = scratchRoots(t);
	const gone = createContainer(roots, container(self(), {keep: true, name: 'one'}));
	rmSync(gone.directory, {recursive: true});
	t.truthy(createContainer(roots, container(self(), {keep: true, name: 'one'})));
	createContainer(roots, container(await deadProcess(t), {name: 'two'}));
	const now = createContainer(roots, container(self(), {keep: true, name: 'two'}));
	t.is(resolveId(roots, 'two'), now.id);
});

test('states: created, running, exited, dead', async t => {
	const roots = scratchRoots(t);
	const {identity, kill} = livingProcess(t);
	const {id, directory} = createContainer(roots, container(identity, {keep: true, name: 'life'}));
	t.is(findContainer(roots, 'life').state, 'created');
	t.true(recordInit(directory, process.pid));
	t.like(findContainer(roots, id.slice(0, 6)), {state: 'running', init: self(), owner: identity});
	await kill();
	t.is(findContainer(roots, id).state, 'dead');
	writeExit(directory, {ended: new Date().toISOString(), code: 3});
	t.like(findContainer(roots, id), {state: 'exited', exit: {code: 3}});
});

test('a running container can be neither started nor removed; one that ended can be both', t => {
	const roots = scratchRoots(t);
	const {id, directory, claim} = createContainer(roots, container(self(), {keep: true, name: 'n'}));
	recordInit(directory, process.pid);
	t.throws(() => occupyContainer(roots, id, self()), {message: /in use: .*process \d+ answers for it; stop it first/});
	releaseContainer(roots, claim, {ended: new Date().toISOString(), code: 0});
	const again = occupyContainer(roots, id, self());
	releaseContainer(roots, again);
	removeContainer(roots, occupyContainer(roots, id, self()));
	t.deepEqual(readdirSync(`${roots.data}/containers`), []);
	t.deepEqual(readdirSync(namesDirectory(roots)), []);
	t.deepEqual(readdirSync(liveDirectory(roots)), []);
	t.throws(() => findContainer(roots, 'n'), {message: 'no such container: n'});
	t.throws(() => occupyContainer(roots, id, self()), {message: /no such container/});
});

test('a prefix must be of one container only; a damaged record is named and left, and rm takes it', t => {
	const roots = scratchRoots(t);
	createContainer(roots, container(self(), {id: 'abc1'}));
	const {directory, claim} = createContainer(roots, container(self(), {id: 'abc2', keep: true}));
	t.throws(() => resolveId(roots, 'abc'), {message: /more than one container: abc: abc[12] and abc[12] begin so/});
	writeFileSync(`${directory}/record.json`, '{"version":1,"id":"ab');
	t.throws(() => findContainer(roots, 'abc2'), {message: /record\.json: it is cut short or damaged; it is left as it is/});
	writeFileSync(`${directory}/record.json`, '{"version":2}');
	const {containers, problems} = listContainers(roots);
	t.deepEqual(containers.map(({record}) => record.id), ['abc1']);
	t.regex(problems[0]?.message ?? '', /version 2 is of a newer Cloche; this one knows 1/);
	t.true(existsSync(directory));
	removeContainer(roots, claim);
	t.false(existsSync(directory));
});

test('the directory is traversable only where it is asked for', t => {
	const roots = scratchRoots(t);
	t.is(statSync(createContainer(roots, container(self(), {traversable: true})).directory).mode & 0o777, 0o711);
	mkdirSync(`${roots.data}/layers`);
	t.is(statSync(roots.data).mode & 0o777, 0o711);
});
