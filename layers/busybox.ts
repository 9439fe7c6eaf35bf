/**
 * The layer `busybox`: a whole small userland in one static binary, from Debian's package busybox-static.
 *
 * The directories are those of the Filesystem Hierarchy Standard that programs take for granted; dev, proc, sys and run
 * are there to be mounted upon. The accounts are the ones that Debian's base-passwd numbers.
 */

import type {Recipe} from '../orchestrator/image/recipe.js';

const accounts = `\
root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/bin/false
bin:x:2:2:bin:/bin:/bin/false
sys:x:3:3:sys:/dev:/bin/false
mail:x:8:8:mail:/var/mail:/bin/false
www-data:x:33:33:www-data:/var/www:/bin/false
nobody:x:65534:65534:nobody:/nonexistent:/bin/false
`;

const groups = `\
root:x:0:
daemon:x:1:
bin:x:2:
sys:x:3:
adm:x:4:
tty:x:5:
disk:x:6:
mail:x:8:
wheel:x:10:root
www-data:x:33:
users:x:100:
nogroup:x:65534:
`;

export const busybox: Recipe = {
	name: 'busybox',
	revision: 1,
	binary: {
		sources: ['/bin/busybox', '/usr/bin/busybox'],
		target: 'bin/busybox',
		debianPackage: 'busybox-static',
		listApplets: ['--list-full'],
	},
	directories: {
		'bin': 0o755,
		'dev': 0o755,
		'etc': 0o755,
		'home': 0o755,
		'mnt': 0o755,
		'opt': 0o755,
		'proc': 0o755,
		'root': 0o700,
		'run': 0o755,
		'sbin': 0o755,
		'srv': 0o755,
		'sys': 0o755,
		'tmp': 0o1777,
		'usr': 0o755,
		'usr/bin': 0o755,
		'usr/sbin': 0o755,
		'var': 0o755,
		'var/log': 0o755,
		'var/spool': 0o755,
		'var/tmp': 0o1777,
	},
	files: {
		'etc/passwd': accounts,
		'etc/group': groups,
		'etc/hostname': 'localhost\n',
		'etc/hosts': '127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n',
		// busybox itself is static and asks none of these; a glibc program in a layer above does (nsswitch.conf(5)).
		'etc/nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
		'etc/profile': 'export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n',
		// Mount points of single files: they must be there where the root is read-only.
		'etc/resolv.conf': '',
	},
};
