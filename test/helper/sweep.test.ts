/**
 * Whichever call fails, the first, the second and so on: the container runs or its error has a step, the helper ends by
 * itself, and nothing is left, but for a directory that a warning names.
 */

import {existsSync} from 'node:fs';
import {faulty, runWith} from './strace.js';
import {privileges} from './support.js';

/** The calls of a start and of an end; each with how often at most. */
const CALLS = {
	socketpair: 1, open: 9, fcntl: 12, clone: 2, clone3: 1, dup3: 4, close_range: 3, prctl: 4, unshare: 1, pidfd_open: 1, epoll_create1: 1,
	epoll_ctl: 9, signalfd4: 1, sendto: 6, recvfrom: 2, recvmsg: 4, read: 3, write: 5, wait4: 2, waitid: 1, setns: 2, poll: 1,
	fsopen: 4, fsconfig: 8, fsmount: 3, move_mount: 4, open_tree: 3, mount_setattr: 2, openat2: 12, mount: 1, mkdirat: 4, openat: 5, fstat: 6,
	fchmod: 3, mknodat: 1, symlinkat: 1, fchdir: 2, pivot_root: 1, umount2: 1, chdir: 1, dup2: 3, setsid: 1, prlimit64: 1, capset: 1,
	setgroups: 1, setresuid: 1, setresgid: 1, unlinkat: 9, unlink: 1, rmdir: 1, getdents64: 3, lseek: 2, mmap: 6,
} as const;

for (const privilege of privileges) {
	for (const [call, most] of Object.entries(CALLS)) {
		faulty(`${privilege}: wherever ${call} fails, nothing is left`, async t => {
			for (let when = 1; when <= most; when++) {
				const {plan, struck, error, exit, warnings, ended} = await runWith(t, privilege, {call: `?${call}`, error: 'ENOMEM', when}, full => full);
				if (struck === 0) {
					break;
				}

				const words = `${call} ${when}: ${error?.message ?? exit?.code} (${ended}) ${warnings.map(({message}) => message).join('; ')}`;
				// Before it serves anyone, 125 is its way to say that it can't.
				t.true(ended === 'status 0' || (ended === 'status 125' && error !== undefined), words);
				t.true(exit?.code === 0 || error !== undefined, words);
				// It knows what to remove from CREATE on; before that, gc does.
				t.true(!existsSync(plan.state) || warnings.some(({step}) => step === 'remove') || ended === 'status 125' || error?.step === undefined || error.message.includes('anchor'), words);
			}

			t.pass();
		});
	}
}
