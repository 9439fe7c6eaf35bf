/** `--volume`, `--mount`, `--tmpfs`. */

import test from 'ava';
import {splitFields} from '../../../../orchestrator/container/options/fields.js';
import {parseMount, parseTmpfs, parseVolume} from '../../../../orchestrator/container/options/mounts.js';
import {Unacceptable} from '../../../../orchestrator/container/options/unacceptable.js';

test('volumes', t => {
	t.deepEqual(parseVolume('/a:/b', '/cwd'), {type: 'bind', source: '/a', destination: '/b', options: [], recursive: true});
	t.deepEqual(parseVolume('/a:/b/../c/:ro,nosuid', '/cwd'), {type: 'bind', source: '/a', destination: '/c', options: ['ro', 'nosuid'], recursive: true});
	t.is(parseVolume('./x:/b', '/cwd').source, '/cwd/./x');
	t.is(parseVolume('.:/b', '/cwd').source, '/cwd/.');
	t.deepEqual(parseVolume('/a:/b:rw,rprivate,bind', '/cwd').options, []);
	t.false(parseVolume('/a:/b:bind', '/cwd').recursive);
});

for (const [value, why] of [
	['/a', /no place inside.*--tmpfs/],
	['', /no place inside/],
	[':/b', /no source/],
	['data:/b', /named volume/],
	['/a:b', /not absolute/],
	['/a:', /not absolute/],
	['/a:/', /over the container's root/],
	['/a:/b/..', /over the container's root/],
	['/a:/b:ro:x', /more than three parts/],
	['/a:/b:shared', /no option 'shared'/],
	['/a:/b:RO', /no option 'RO'/],
] as const) {
	test(`the volume '${value}' is refused`, t => {
		t.throws(() => parseVolume(value, '/cwd'), {instanceOf: Unacceptable, message: why});
	});
}

test('tmpfs', t => {
	t.deepEqual(parseTmpfs('/x'), {type: 'tmpfs', destination: '/x', options: ['nosuid', 'nodev', 'noexec']});
	t.deepEqual(parseTmpfs('/x:size=64m,mode=1777,exec'), {type: 'tmpfs', destination: '/x', options: ['nosuid', 'nodev', `size=${64 * 1024 ** 2}`, 'mode=1777']});
	t.deepEqual(parseTmpfs('/x:ro,size=10%,uid=5').options, ['nosuid', 'nodev', 'noexec', 'ro', 'size=10%', 'uid=5']);
});

for (const value of ['x', '', '/', '/x:size=', '/x:size=1q', '/x:mode=9', '/x:mode=77777', '/x:uid=a', '/x:foo', '/x:foo=1', '/x:huge=always']) {
	test(`the tmpfs '${value}' is refused`, t => {
		t.throws(() => parseTmpfs(value), {instanceOf: Unacceptable});
	});
}

test('mounts', t => {
	t.deepEqual(parseMount('type=bind,src=/a,dst=/b', '/cwd'), {type: 'bind', source: '/a', destination: '/b', options: [], recursive: true});
	t.deepEqual(parseMount('type=bind,source=./a,target=/b,readonly', '/cwd'), {type: 'bind', source: '/cwd/./a', destination: '/b', options: ['ro'], recursive: true});
	t.deepEqual(parseMount('type=bind,"source=/a,b",destination=/b,ro=false,bind-recursive=disabled', '/cwd'), {type: 'bind', source: '/a,b', destination: '/b', options: [], recursive: false});
	t.deepEqual(parseMount('type=tmpfs,dst=/b,tmpfs-size=1m,tmpfs-mode=700,ro=1', '/cwd').options, ['nosuid', 'nodev', 'noexec', 'ro', `size=${1024 ** 2}`, 'mode=700']);
	t.is(parseMount('type=bind,src=/a=b,dst=/c', '/cwd').source, '/a=b');
});

for (const [value, why] of [
	['', /no type/],
	['src=/a,dst=/b', /no type/],
	['type=volume,src=a,dst=/b', /no mounts of type 'volume'/],
	['type=bind,src=/a', /no dst/],
	['type=bind,dst=/b', /no source/],
	['type=bind,src=/a,dst=/b,foo=1', /no field 'foo'/],
	['type=tmpfs,src=/a,dst=/b', /no field 'source'/],
	['type=bind,src=/a,dst=/b,readonly=maybe', /not one of its values/],
	['type=bind,src=/a,dst=/b,bind-propagation=shared', /not one of its values/],
	['type=bind,"src=/a,dst=/b', /a quote stands/],
	['type=tmpfs,dst=/b,tmpfs-mode=x', /not a mode/],
	['type=bind,src=/a,dst=/', /over the container's root/],
] as const) {
	test(`the mount '${value}' is refused`, t => {
		t.throws(() => parseMount(value, '/cwd'), {instanceOf: Unacceptable, message: why});
	});
}

test('fields with commas are quoted as in CSV', t => {
	t.deepEqual(splitFields('a,"b,c","d""e",'), ['a', 'b,c', 'd"e', '']);
	t.throws(() => splitFields('a"b'), {instanceOf: Unacceptable});
});
