/** Directories that were made to hurt whoever takes them for a root: one clear line, and nothing outside is touched. */

import {execFileSync} from 'node:child_process';
import {lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {cloche, directoryOf, present, probed, ran, refused, withProbe} from '../support/cloche.js';
import {busybox} from '../support/installed.js';
import {people, type Person, skip} from '../support/who.js';

/** A busybox root that is turned evil, and a directory outside with a marker, to which it may point. */
interface Trap {
	root: string;
	outside: string;
}

const setTrap = (as: Person, turn: (trap: Trap) => void): Trap => {
	const base = directoryOf(as);
	const trap = {root: join(base, 'root'), outside: join(base, 'outside')};
	execFileSync('cp', ['-a', busybox, trap.root]);
	mkdirSync(trap.outside);
	writeFileSync(join(trap.outside, 'marker'), 'untouched');
	writeFileSync(join(trap.outside, 'passwd'), 'victim:x:0:0::/:/bin/sh\n');
	turn(trap);
	if (as.other) {
		execFileSync('chown', ['-hR', `${as.uid}:${as.gid}`, base]);
	}

	return trap;
};

/** All of a directory: names, kinds, modes, sizes, times. */
const picture = (directory: string): string => execFileSync('find', [directory, '-printf', '%P %y %m %U %s %T@ %l\n'], {encoding: 'utf8'});

const replace = (path: string, by: (path: string) => void): void => {
	rmSync(path, {recursive: true, force: true});
	by(path);
};

const everybody = (title: string, show: (t: ExecutionContext, as: Person) => Promise<void>): void => {
	for (const as of present) {
		test(`${as.who}: ${title}`, async t => {
			await show(t, as);
		});
	}
};

const fifo = (path: string): void => {
	execFileSync('mkfifo', [path]);
};

const file = (path: string): void => {
	writeFileSync(path, 'a file');
};

/** What is refused: the place, what stands there, the flags beside, and what the line says. */
const refusals: ReadonlyArray<readonly [what: string, turn: (trap: Trap) => void, flags: readonly string[], patterns: readonly RegExp[]]> = [
	...['proc', 'sys', 'dev'].flatMap(name => [
		[`/${name} is a link out`, ({root, outside}: Trap) => {
			replace(join(root, name), path => {
				symlinkSync(outside, path);
			});
		}, [], [new RegExp(`/${name}`), /symbolic link/]] as const,
		[`/${name} is a link that climbs`, ({root}: Trap) => {
			replace(join(root, name), path => {
				symlinkSync('../../../../../../../../tmp', path);
			});
		}, [], [new RegExp(`/${name}`), /symbolic link/]] as const,
		[`/${name} is a link inside`, ({root}: Trap) => {
			replace(join(root, name), path => {
				symlinkSync('/etc', path);
			});
		}, [], [new RegExp(`/${name}`), /symbolic link/]] as const,
		[`/${name} is a file`, ({root}: Trap) => {
			replace(join(root, name), file);
		}, [], [new RegExp(`/${name}`), /not a directory/]] as const,
		[`/${name} is a FIFO`, ({root}: Trap) => {
			replace(join(root, name), fifo);
		}, [], [new RegExp(`/${name}`), /not a directory/]] as const,
	]),
	['/etc/passwd is a FIFO, and a user is looked up in it', ({root}) => {
		replace(join(root, 'etc/passwd'), fifo);
	}, ['-u', 'nobody'], [/\/etc\/passwd/, /not a regular file/]],
	['/etc is a FIFO, and a user is looked up below it', ({root}) => {
		replace(join(root, 'etc'), fifo);
	}, ['-u', 'nobody'], [/\/etc\/passwd/, /no such user/]],
	['/etc is a link out, and a user is looked up below it', ({root, outside}) => {
		replace(join(root, 'etc'), path => {
			symlinkSync(outside, path);
		});
	}, ['-u', 'victim'], [/\/etc\/passwd|victim/]],
	['/etc/passwd is a directory', ({root}) => {
		replace(join(root, 'etc/passwd'), path => {
			mkdirSync(path);
		});
	}, ['-u', 'nobody'], [/\/etc\/passwd/, /not a regular file/]],
	['/etc/passwd has no end and no lines', ({root}) => {
		replace(join(root, 'etc/passwd'), path => {
			writeFileSync(path, Buffer.alloc(3_000_000, 'x'));
		});
	}, ['-u', 'nobody'], [/nobody|\/etc\/passwd/]],
	['a volume\'s place is a file, and it is a directory', ({root}) => {
		file(join(root, 'srv/place'));
	}, ['-v', '/usr:/srv/place'], [/\/srv\/place/, /not a directory/]],
	['a volume\'s place is below a file', ({root}) => {
		file(join(root, 'srv/place'));
	}, ['-v', '/usr:/srv/place/below'], [/\/srv\/place/, /not a directory/]],
	['a volume\'s place is a circle of links', ({root}) => {
		symlinkSync('/srv/two', join(root, 'srv/one'));
		symlinkSync('/srv/one', join(root, 'srv/two'));
	}, ['-v', '/usr:/srv/one/x'], [/\/srv\/one/, /symbolic link/]],
	['the working directory is a FIFO', ({root}) => {
		fifo(join(root, 'srv/fifo'));
	}, ['-w', '/srv/fifo'], [/\/srv\/fifo/, /not a directory/]],
];

for (const [what, turn, flags, patterns] of refusals) {
	everybody(what, async (t, as) => {
		const trap = setTrap(as, turn);
		const before = picture(join(trap.root, '..'));
		await refused(t, ['run', ...flags, '--rootfs', trap.root, '/bin/busybox', 'true'], patterns, {as});
		t.is(picture(join(trap.root, '..')).replace(/^test-.*\n/m, ''), before);
	});
}

everybody('links out of the root lead back into it: for volumes, directories, files, the working directory', async (t, as) => {
	const trap = setTrap(as, ({root, outside}) => {
		symlinkSync(outside, join(root, 'out'));
		symlinkSync('../'.repeat(20) + 'tmp', join(root, 'climb'));
		replace(join(root, 'etc'), path => {
			symlinkSync('/', path);
		});
		replace(join(root, 'run'), path => {
			symlinkSync(outside, path);
		});
	});
	const before = picture(trap.outside);
	const source = directoryOf(as);
	const words = ['-v', `${source}:/climb/volume`, '--tmpfs', '/etc/made', '-w', '/climb/work', '--rootfs', trap.root, '/bin/sh', '-c', 'pwd; ls /out 2>/dev/null; ls -d /tmp/volume /made'];
	t.is(await ran(t, words, {as}), '/tmp/work\n/made\n/tmp/volume\n');
	t.is(picture(trap.outside), before);
	t.is(readlinkSync(join(trap.root, 'run')), trap.outside);
});

everybody('a dangling link at a volume\'s place is refused, with its name', async (t, as) => {
	const trap = setTrap(as, ({root, outside}) => {
		symlinkSync(join(outside, 'new'), join(root, 'dangling'));
	});
	await refused(t, ['run', '-v', '/usr:/dangling', '--rootfs', trap.root, '/bin/true'], [/\/dangling/], {as});
	t.deepEqual(readdirSync(trap.outside).sort(), ['marker', 'passwd']);
});

const root = people.root;
if (root === undefined) {
	skip('device nodes in a root can\'t be opened', 'only root can make them');
} else {
	test('device nodes in a root can\'t be opened', async t => {
		const trap = setTrap(root, ({root: directory}) => {
			execFileSync('mknod', ['-m', '666', join(directory, 'srv/null'), 'c', '1', '3']);
			execFileSync('mknod', ['-m', '666', join(directory, 'srv/mem'), 'c', '1', '1']);
			replace(join(directory, 'etc/motd'), path => {
				execFileSync('mknod', ['-m', '666', path, 'c', '1', '3']);
			});
		});
		const lines = await ran(t, [...withProbe, '--rootfs', trap.root, '/probe', 'open', '/srv/null', ',', 'open', '/srv/mem', ',', 'open', '/etc/motd', ',', 'open', '/dev/null'], {as: root});
		t.is(lines, 'EACCES\nEACCES\nEACCES\nok\n');
	});

	test('root inside can\'t make device nodes, and those in /dev are few', async t => {
		t.deepEqual(await probed(t, [], ['device', '/tmp/disk', '8', '0', 'b'], {as: root}), ['mknod EPERM', 'open ENOENT']);
		t.deepEqual(await probed(t, ['--cap-add', 'MKNOD'], ['device', '/tmp/disk', '8', '0', 'b'], {as: root}), ['mknod ok', 'open EACCES']);
	});

	test('a set-user-ID program gives root inside, and with no-new-privileges nothing', async t => {
		const trap = setTrap(root, ({root: directory}) => {
			execFileSync('cp', [join(busybox, '../../probe'), join(directory, 'bin/setuid')]);
			execFileSync('chmod', ['4755', join(directory, 'bin/setuid')]);
		});
		const words = ['-u', '1234:1234', '--rootfs', trap.root, '/bin/setuid', 'uid'];
		t.is(await ran(t, words, {as: root}), '1234 0 0\n');
		t.is(await ran(t, ['--security-opt', 'no-new-privileges', ...words], {as: root}), '1234 1234 1234\n');
	});
}

everybody('a root that is exchanged while it starts is one or the other, and nothing outside is touched', async (t, as) => {
	const trap = setTrap(as, ({root: directory}) => {
		renameSync(join(directory, 'proc'), join(directory, 'proc-good'));
	});
	const before = picture(trap.outside);
	const place = join(trap.root, 'proc');
	let flips = 0;
	let over = false;
	const flip = (): void => {
		if (over) {
			return;
		}

		rmSync(place, {recursive: true, force: true});
		if (flips++ % 2 === 0) {
			symlinkSync(trap.outside, place);
		} else {
			mkdirSync(place);
		}

		setImmediate(flip);
	};

	flip();
	const results = await Promise.all(Array.from({length: 6}, async () => cloche(['run', '--rootfs', trap.root, '/bin/busybox', 'true'], {as})));
	over = true;
	for (const {status, stderr} of results) {
		t.true(status === 0 || (status === 125 && /^cloche: [^\n]+\n$/.test(stderr)), stderr);
	}

	t.is(picture(trap.outside), before);
	t.is(readFileSync(join(trap.outside, 'marker'), 'utf8'), 'untouched');
	t.true(lstatSync(trap.outside).isDirectory() && statSync(trap.outside).nlink === 2);
});
