/** What the kernel accounted of a container, where it has cgroups. */

import {existsSync, mkdirSync, rmdirSync, writeFileSync} from 'node:fs';
import test, {type ExecutionContext} from 'ava';
import {fullPlan} from './full-plan.js';
import {runPlan, supervisorFor} from './support.js';

const MEMORY = '/sys/fs/cgroup/memory';
const V2 = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup'].find(path => existsSync(`${path}/cgroup.procs`) && existsSync(`${path}/cgroup.controllers`));
const asRoot = process.getuid?.() === 0;

const cgroupIn = (t: ExecutionContext, parent: string): string => {
	const path = `${parent}/cloche-account-${process.pid}-${Math.random().toString(36).slice(2)}`;
	mkdirSync(path);
	t.teardown(() => {
		if (existsSync(path)) {
			rmdirSync(path);
		}
	});
	return path;
};

(asRoot && existsSync(`${MEMORY}/memory.limit_in_bytes`) ? test : test.skip)(`version 1 (root, ${MEMORY}): the OOM killer's work is told, and the most that the container held`, async t => {
	const cgroup = cgroupIn(t, MEMORY);
	writeFileSync(`${cgroup}/memory.limit_in_bytes`, String(32 << 20));
	const supervisor = supervisorFor(t, 'root');
	const small = await runPlan(supervisor, fullPlan(t, 'root', ['/probe', 'alloc', '16'], {cgroups: [cgroup]}));
	t.like(small.exit, {code: 0});
	t.falsy(small.exit.oomKilled);
	t.true((small.exit.memoryPeak ?? 0) >= 16 << 20);
	const {exit} = await runPlan(supervisor, fullPlan(t, 'root', ['/probe', 'alloc', '64'], {cgroups: [cgroup]}));
	t.like(exit, {signal: 9, oomKilled: true});
	const again = await runPlan(supervisor, fullPlan(t, 'root', ['/probe', 'exit', '0'], {cgroups: [cgroup]}));
	t.falsy(again.exit.oomKilled, 'a kill of the run before is not this one\'s');
});

(asRoot && V2 !== undefined ? test : test.skip)(`version 2 (root, ${V2 ?? 'not mounted here'}): the cpu time of all its processes is told, even of those that nobody waited for`, async t => {
	const cgroup = cgroupIn(t, V2 ?? '');
	const argv = ['/bin/sh', '-c', '(/probe burn 300; mkdir /done) & until test -d /done; do sleep 0.01; done; exec /probe exit 0'];
	const {exit} = await runPlan(supervisorFor(t, 'root'), fullPlan(t, 'root', argv, {cgroups: [cgroup]}));
	t.is(exit.code, 0);
	t.true(exit.userTime + exit.systemTime >= 250_000, `${exit.userTime} + ${exit.systemTime} µs`);
});
