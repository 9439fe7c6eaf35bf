/** What is read from the kernel's files and the system's. */

import test from 'ava';
import {parseEffective, parsePrivilege} from '../../../orchestrator/host/privilege.js';
import {parseDisposition} from '../../../orchestrator/host/signals.js';
import {parseRanges} from '../../../orchestrator/host/subordinate.js';

test('privilege is uid 0 of the first user namespace, with CAP_SYS_ADMIN', t => {
	const all = parseEffective('Name:\tnode\nCapEff:\t000001ffffffffff\nCapBnd:\t0\n');
	t.is(all, 2n ** 41n - 1n);
	t.true(parsePrivilege(all, '         0          0 4294967295\n'));
	t.false(parsePrivilege(all, '         0       1000          1\n'), 'in a user namespace');
	t.false(parsePrivilege(parseEffective('CapEff:\t00000000a80425fb\n'), '0 0 4294967295\n'), 'in a Docker container');
	t.is(parseEffective(''), 0n);
});

test('dispositions', t => {
	const status = 'SigPnd:\t0000000000000000\nSigBlk:\t0000000000000200\nSigIgn:\t0000000000001000\nSigCgt:\t0000000000004002\n';
	t.is(parseDisposition(status, 2), 'handled');
	t.is(parseDisposition(status, 15), 'handled');
	t.is(parseDisposition(status, 10), 'handled', 'blocked: waited for');
	t.is(parseDisposition(status, 13), 'ignored');
	t.is(parseDisposition(status, 1), 'default');
	t.is(parseDisposition('SigCgt:\t8000000000000000\n', 64), 'handled');
});

test('granted ranges, by name or number', t => {
	const text = 'root:1:1\nme:100000:65536\n1000:500000:10\nmenot:5:5\nme:x:5\nme:7:0\n\n';
	t.deepEqual(parseRanges(text, 1000, 'me'), [{start: 100_000, count: 65_536}, {start: 500_000, count: 10}]);
	t.deepEqual(parseRanges('', 1000, 'me'), []);
});
