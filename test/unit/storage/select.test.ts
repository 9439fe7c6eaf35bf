import test from 'ava';
import type {StorageDriver} from '../../../orchestrator/storage/driver.js';
import {parseFilesystems} from '../../../orchestrator/storage/kernel.js';
import {parseDriverName, selectDriver} from '../../../orchestrator/storage/select.js';

const driver = (name: StorageDriver['name'], unavailable?: string, objection?: string): StorageDriver => ({
	name, maximum: 1, unavailable: () => unavailable, objection: () => objection, prepare: () => undefined, operations: () => [],
});
const request = {lowers: ['/l'], directory: '/d', keep: false, privileged: true};
const place = {dataRoot: '/', privileged: true};

test('the best that is there', t => {
	t.is(selectDriver(request, place, undefined, [driver('aufs'), driver('overlay')]).name, 'aufs');
	t.is(selectDriver(request, place, undefined, [driver('aufs', 'no aufs'), driver('overlay')]).name, 'overlay');
	t.is(selectDriver(request, place, undefined, [driver('aufs', undefined, 'a colon'), driver('overlay')]).name, 'overlay');
});

test('the one asked for, or an error that says why not', t => {
	t.is(selectDriver(request, place, 'copy', [driver('aufs'), driver('copy')]).name, 'copy');
	t.throws(() => selectDriver(request, place, 'aufs', [driver('aufs', 'this kernel has no aufs')]), {message: /aufs can't be used: this kernel has no aufs; .*--storage/});
	t.throws(() => selectDriver(request, place, 'zfs'), {message: 'no such storage driver: zfs; there are aufs, overlay, copy'});
	t.throws(() => parseDriverName('AUFS'), {message: /no such storage driver/});
});

test('where none can, the reason of each', t => {
	t.throws(() => selectDriver(request, place, undefined, [driver('aufs', 'no aufs'), driver('overlay', undefined, 'too many')]), {message: /aufs: no aufs; overlay: too many/});
});

test('/proc/filesystems', t => {
	t.deepEqual([...parseFilesystems('nodev\tsysfs\n\text4\nnodev\taufs\n')], ['sysfs', 'ext4', 'aufs']);
});
