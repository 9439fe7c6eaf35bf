/**
 * Calls that fail while a container is made below a PARENT (strace injects it): the error says what, and neither with the
 * parent nor elsewhere anything is left. strace counts calls by process, and each errand to the parent is a process.
 */

import {existsSync} from 'node:fs';
import type {ExecutionContext} from 'ava';
import type {Plan} from '../../orchestrator/helper/plan.js';
import {endpoint, rootedBy, withOps} from './bridged.js';
import type {FullPlan} from './full-plan.js';
import {below, type Kinship, type Parent, parentFor} from './parents.js';
import {type Fault, faulty, type Outcome, runWith} from './strace.js';
import {until} from './support.js';

const rooted = rootedBy(faulty);

const LINK = {gateways: ['10.77.0.1']};

const plan = (full: FullPlan, kinship: Kinship, parent: Parent): Plan => ({
	...withOps(full, endpoint(5, LINK)), parent,
	...(kinship === 'network' ? {} : {userMap: {uids: below(kinship), gids: below(kinship), denySetgroups: true}}),
});

const strike = async (t: ExecutionContext, kinship: Kinship, parent: Parent, fault: Fault): Promise<Outcome> => {
	const outcome = await runWith(t, kinship === 'network' ? 'root' : 'rootless', fault, full => plan(full, kinship, parent));
	await until(t, () => parent.links() === 2);
	return outcome;
};

interface Expected {
	step: string;
	op?: string;
	code?: string | undefined;
	says: string;
}

const rows: Array<[kinship: Kinship, fault: Fault, expected: Expected]> = [
	['single', {call: 'pidfd_open', error: 'EMFILE', when: 1}, {step: 'parent', says: 'pidfd_open'}],
	['network', {call: 'pidfd_open', error: 'EMFILE', when: 2}, {step: 'parent', says: 'pidfd_open'}],
	['single', {call: 'setns', error: 'EPERM', when: 1}, {step: 'parent', says: 'setns'}],
	['single', {call: 'setns', error: 'ESRCH', when: 1}, {step: 'parent', says: 'setns'}],
	['single', {call: 'setns', error: 'SIGKILL', when: 1}, {step: 'join', code: undefined, says: 'was killed'}],
	// Here the first errand is the one that makes links: the end of the parent is no end of the init.
	['network', {call: 'setns', error: 'ESRCH', when: 1}, {step: 'parent', says: 'setns'}],
	['network', {call: 'setns', error: 'SIGKILL', when: 1}, {step: 'create', op: 'endpoint', code: undefined, says: 'was killed'}],
	['single', {call: 'clone', error: 'EAGAIN', when: 1}, {step: 'clone', says: 'clone'}],
	['single', {call: 'clone', error: 'EAGAIN', when: 2}, {step: 'clone', says: 'clone'}],
	['single', {call: 'clone', error: 'EAGAIN', when: 3}, {step: 'create', op: 'endpoint', says: 'clone'}],
	['single', {call: 'clone3', error: 'ENOSPC', when: 1}, {step: 'clone', says: 'clone3'}],
	['single', {call: 'write', error: 'EPERM', when: 1}, {step: 'id map', says: '/setgroups'}],
	['single', {call: 'write', error: 'EINVAL', when: 2}, {step: 'id map', says: '/uid_map'}],
];

for (const [kinship, fault, expected] of rows) {
	rooted(`${kinship}: ${fault.call} fails with ${fault.error}, the ${fault.when}. time`, async t => {
		const parent = await parentFor(t, kinship);
		const {plan: full, struck, error, ended, warnings} = await strike(t, kinship, parent, fault);
		t.true(struck > 0 || fault.error.startsWith('SIG'), 'the fault did not strike');
		t.like(error, {step: expected.step, op: expected.op, code: 'code' in expected ? expected.code : fault.error});
		t.true(error?.message.includes(expected.says), error?.message);
		t.log(error?.message);
		t.is(ended, 'status 0');
		t.deepEqual(warnings.map(({message}) => message), []);
		t.false(existsSync(full.state));
	});
}

/** The calls by which it goes to the parent, and those it does there; each with how often at most. */
const CALLS = {
	clone: 4, clone3: 1, setns: 2, open: 9, pidfd_open: 2, fcntl: 6, socket: 3, ioctl: 3, sendto: 6, recvfrom: 3, setsockopt: 3, write: 6, wait4: 3, poll: 2, stat: 4, newfstatat: 4, prctl: 2,
} as const;

for (const kinship of ['single', 'network'] as const) {
	for (const [call, most] of Object.entries(CALLS)) {
		rooted(`${kinship}: wherever ${call} fails, nothing is left with the parent`, async t => {
			const parent = await parentFor(t, kinship);
			for (let when = 1; when <= most; when++) {
				const {plan: full, struck, error, exit, warnings, ended} = await strike(t, kinship, parent, {call: `?${call}`, error: 'ENOMEM', when});
				if (struck === 0) {
					break;
				}

				const words = `${call} ${when}: ${error?.message ?? exit?.code} (${ended}) ${warnings.map(({message}) => message).join('; ')}`;
				t.true(ended === 'status 0' || (ended === 'status 125' && error !== undefined), words);
				t.true(exit?.code === 0 || error !== undefined, words);
				t.true(!existsSync(full.state) || warnings.some(({step}) => step === 'remove') || ended === 'status 125' || error?.step === undefined || error.message.includes('anchor'), words);
			}

			t.pass();
		});
	}
}
