/** The options of `cloche run`. What Docker has bears Docker's name and means the same. */

import type {CommandTable} from './options.js';

const sharing = 'private|host';

export const runTable: CommandTable = {
	name: 'run',
	operands: 'IMAGE [COMMAND [ARG…]]',
	summary: 'Run a command in a new container and exit as it does.',
	description: [
		'IMAGE is busybox, or host: this machine\'s own root, whose changes are thrown away. With --rootfs DIR there is no IMAGE. All words after it go to the command untouched.',
		'Exit status: the command\'s own; 128+N if signal N ended it; 124 if it ended well, but only after --timeout; 125 if Cloche failed; 126 if the command can\'t be executed; 127 if it isn\'t there.',
	],
	groups: [
		{
			title: 'The command',
			options: [
				{name: 'detach', short: 'd', type: 'boolean', doc: 'let it run by itself, and print its id'},
				{name: 'interactive', short: 'i', type: 'boolean', doc: 'give it our standard input, or keep it open for cloche attach; without, it reads end of file'},
				{name: 'tty', short: 't', type: 'boolean', doc: 'give it a terminal'},
				{name: 'env', short: 'e', type: 'string', multiple: true, value: 'NAME[=VALUE]', doc: 'set a variable, or pass on our own'},
				{name: 'env-file', type: 'string', multiple: true, value: 'FILE', doc: 'set variables from lines of NAME=VALUE'},
				{name: 'workdir', short: 'w', type: 'string', value: 'DIR', doc: 'where it starts; made where it is missing', default: '/'},
				{name: 'user', short: 'u', type: 'string', value: 'USER[:GROUP]', doc: 'who it runs as, names or numbers', default: 'root'},
				{name: 'entrypoint', type: 'string', value: 'PROGRAM', doc: 'goes before COMMAND, in place of the image\'s own; \'\' takes that away'},
				{name: 'init', type: 'boolean', doc: 'a small init is PID 1: it reaps orphans and forwards signals'},
				{name: 'stop-signal', type: 'string', value: 'SIGNAL', doc: 'what asks it to end', default: 'TERM'},
				{name: 'stop-timeout', type: 'string', value: 'TIME', doc: 'between asking and killing', default: '10s'},
				{name: 'timeout', type: 'string', value: 'TIME', doc: 'how long it may run, as 90s, 5m, 1h; then it is stopped'},
			],
		},
		{
			title: 'The container',
			options: [
				{name: 'name', type: 'string', value: 'NAME', doc: 'keep it under this name when it has ended (cloche rm removes it)'},
				{name: 'rm', type: 'boolean', doc: 'remove it at its end even if it has a name or is detached'},
				{name: 'hostname', short: 'h', type: 'string', value: 'NAME', doc: 'its host name', default: 'its id'},
				{name: 'domainname', type: 'string', value: 'NAME', doc: 'its NIS domain name'},
				{name: 'label', short: 'l', type: 'string', multiple: true, value: 'KEY[=VALUE]', doc: 'a note that cloche ps can filter by'},
				{name: 'label-file', type: 'string', multiple: true, value: 'FILE', doc: 'labels from lines of KEY=VALUE'},
				{name: 'cidfile', type: 'string', value: 'FILE', doc: 'write its id to this file, which must not be there yet'},
			],
		},
		{
			title: 'A detached one',
			options: [
				{name: 'restart', type: 'string', value: 'POLICY', doc: 'start it again: no, on-failure[:MOST], always or unless-stopped', default: 'no'},
				{name: 'log-opt', type: 'string', multiple: true, value: 'NAME=VALUE', doc: 'max-size=SIZE of a file of its log (16m), max-file=NUMBER of them (all)'},
				{name: 'health-cmd', type: 'string', value: 'COMMAND', doc: 'what a shell in it runs to see whether it is well'},
				{name: 'health-interval', type: 'string', value: 'TIME', doc: 'between two checks', default: '30s'},
				{name: 'health-timeout', type: 'string', value: 'TIME', doc: 'how long a check may take', default: '30s'},
				{name: 'health-retries', type: 'string', value: 'NUMBER', doc: 'failures in a row until it is unhealthy', default: '3'},
				{name: 'health-start-period', type: 'string', value: 'TIME', doc: 'how long failures don\'t count', default: '0s'},
				{name: 'no-healthcheck', type: 'boolean', doc: 'no check, whatever the image says'},
			],
		},
		{
			title: 'Files',
			options: [
				{name: 'volume', short: 'v', type: 'string', multiple: true, value: 'SRC:DST[:ro]', doc: 'show a file or directory of this machine at DST'},
				{name: 'mount', type: 'string', multiple: true, value: 'SPEC', doc: 'the same in words: type=bind,src=DIR,dst=DIR[,readonly], or type=tmpfs,dst=DIR[,tmpfs-size=64m]'},
				{name: 'tmpfs', type: 'string', multiple: true, value: 'DST[:OPTIONS]', doc: 'an empty directory in memory, as /cache:size=64m,mode=1777'},
				{name: 'read-only', type: 'boolean', doc: 'the root can\'t be written; volumes can'},
				{name: 'rootfs', type: 'string', value: 'DIR', doc: 'this directory in place of an image; it is never written'},
				{name: 'storage', type: 'string', value: 'DRIVER', doc: 'aufs, overlay or copy', default: 'the best one there is; CLOCHE_STORAGE sets it, too'},
				{name: 'branch', type: 'string', value: 'memory|disk', doc: 'where what it writes to its root lies', default: 'memory; disk for one that is kept or detached'},
			],
		},
		{
			title: 'Network',
			options: [
				{name: 'network', type: 'string', multiple: true, value: 'NETWORK', doc: 'be on this network (bridge: the default one), also as NAME:ip=…,alias=…; none: nothing but lo; host; container:NAME shares another\'s', default: 'none'},
				{name: 'ip', type: 'string', value: 'ADDRESS', doc: 'its address on its network', default: 'the next free one'},
				{name: 'ip6', type: 'string', value: 'ADDRESS', doc: 'the same of IPv6'},
				{name: 'mac-address', type: 'string', value: 'ADDRESS', doc: 'its hardware address', default: 'made of its address'},
				{name: 'network-alias', type: 'string', multiple: true, value: 'NAME', doc: 'one more name by which others on its networks find it'},
				{name: 'publish', short: 'p', type: 'string', multiple: true, value: '[IP:][HOST:]PORT', doc: 'let its PORT (80, 53/udp, 8000-8009) be reached at a port of this machine, or at one that is free'},
				{name: 'expose', type: 'string', multiple: true, value: 'PORT', doc: 'it serves this PORT (80, 53/udp, 8000-8009): ps tells so, and -P publishes it'},
				{name: 'publish-all', short: 'P', type: 'boolean', doc: 'publish each exposed port at one of this machine that is free'},
				{name: 'dns', type: 'string', multiple: true, value: 'ADDRESS', doc: 'ask this server for names from outside', default: 'this machine\'s'},
				{name: 'dns-search', type: 'string', multiple: true, value: 'DOMAIN', doc: 'complete names by this domain; . for none', default: 'this machine\'s'},
				{name: 'dns-option', type: 'string', multiple: true, value: 'OPTION', doc: 'an option of resolv.conf, as timeout:1'},
				{name: 'add-host', type: 'string', multiple: true, value: 'NAME:ADDRESS', doc: 'a line of /etc/hosts; host-gateway is this machine'},
			],
		},
		{
			title: 'Namespaces',
			options: [
				{name: 'uts', type: 'string', value: sharing, doc: 'host and domain name', default: 'private'},
				{name: 'ipc', type: 'string', value: sharing, doc: 'shared memory, semaphores, message queues', default: 'private'},
				{name: 'pid', type: 'string', value: sharing, doc: 'processes', default: 'private'},
				{name: 'userns', type: 'string', value: sharing, doc: 'users and capabilities', default: 'host for root, else private'},
				{name: 'cgroupns', type: 'string', value: sharing, doc: 'the view of the cgroup tree', default: 'private'},
				{name: 'time-offset', type: 'string', multiple: true, value: 'CLOCK=TIME', doc: 'shift the clock monotonic or boottime, as boottime=+2d (the time of day has no namespace)'},
			],
		},
		{
			title: 'Limits and rights',
			options: [
				{name: 'ulimit', type: 'string', multiple: true, value: 'NAME=SOFT[:HARD]', doc: 'a resource limit, as nofile=1024:2048'},
				{name: 'sysctl', type: 'string', multiple: true, value: 'NAME=VALUE', doc: 'a kernel parameter of its own namespaces, as net.ipv4.ip_forward=1'},
				{name: 'cap-add', type: 'string', multiple: true, value: 'CAP', doc: 'give a capability more, or ALL'},
				{name: 'cap-drop', type: 'string', multiple: true, value: 'CAP', doc: 'take a capability away, or ALL'},
				{name: 'security-opt', type: 'string', multiple: true, value: 'no-new-privileges', doc: 'set-uid programs give nothing'},
				{name: 'seccomp', type: 'string', value: 'FILE', doc: 'load this compiled filter (BPF) before the command'},
			],
		},
		{
			title: 'To learn',
			options: [
				{name: 'explain', type: 'boolean', doc: 'print what would be done, step by step, and do nothing'},
				{name: 'trace', type: 'boolean', doc: 'print on standard error what was done and how long each step took'},
			],
		},
	],
	examples: [
		['cloche run busybox echo hello', 'the shortest one'],
		['cloche run -it host bash', 'a shell on this machine, of which nothing stays'],
		['cloche run -v .:/src -w /src -e CI host make test', 'a build that sees no network'],
		['cloche run -d --name web --restart on-failure busybox httpd -f', 'a service that outlives this shell'],
		['cloche run -d --name db --network tests host redis-server --protected-mode no', 'others on the network tests reach it as db'],
		['cloche run -d -p 8080:80 busybox httpd -f', 'reached from this machine, without any network'],
		['cloche run --explain busybox true', 'what a container is made of'],
	],
};
