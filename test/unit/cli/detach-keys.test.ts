import test from 'ava';
import {DetachKeys, parseDetachKeys} from '../../../orchestrator/cli/detach-keys.js';

test('docker\'s words for keys, and what they send', t => {
	t.deepEqual(parseDetachKeys('ctrl-p,ctrl-q'), Buffer.of(0x10, 0x11));
	t.deepEqual(parseDetachKeys('ctrl-@,ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_,a,Z,~'), Buffer.of(0, 0x1B, 0x1C, 0x1D, 0x1E, 0x1F, 0x61, 0x5A, 0x7E));
	for (const wrong of ['', 'ctrl-', 'ctrl-1', 'ab', 'ctrl-p,', 'é', 'ctrl-pq']) {
		t.throws(() => parseDetachKeys(wrong), {message: /--detach-keys.*ctrl-p,ctrl-q/});
	}
});

test('the keys are found wherever reads cut them, and nothing else is kept', t => {
	const typed = (keys: string, ...pieces: readonly string[]): string[] => {
		const finder = new DetachKeys(Buffer.from(keys));
		return pieces.map(piece => {
			const {passed, detached} = finder.take(Buffer.from(piece));
			return `${passed.toString()}${detached ? '!' : ''}`;
		});
	};

	t.deepEqual(typed('pq', 'abpqrest'), ['ab!']);
	t.deepEqual(typed('pq', 'ap', 'q'), ['a', '!']);
	t.deepEqual(typed('pq', 'p', 'p', 'x'), ['', 'p', 'px']);
	t.deepEqual(typed('ppq', 'pp', 'p', 'q'), ['', 'p', '!']);
	t.deepEqual(typed('q', 'abq'), ['ab!']);
});
