import {writeFileSync} from 'node:fs';
import test from 'ava';
import {readEvent} from '../../../orchestrator/helper/events.js';
import {decode} from './fake.js';
import {goldenBytes, goldenEvents, goldenPath, goldenRequests} from './golden.js';

for (const [name, make] of Object.entries(goldenRequests)) {
	test(`the request ${name} is encoded as its golden frame`, t => {
		if (process.env['UPDATE_GOLDEN'] !== undefined) {
			writeFileSync(goldenPath(name), make());
		}

		t.deepEqual(make(), goldenBytes(name), 'a change of protocol.def? UPDATE_GOLDEN=1 npx ava test/unit/helper/golden.test.ts test/helper/golden.test.ts');
	});
}

for (const [name, [channel, event]] of Object.entries(goldenEvents)) {
	test(`the golden event ${name} is decoded as what it means`, t => {
		const frames = decode(goldenBytes(name), 'out');
		t.deepEqual(frames.map(frame => frame.channel), [channel]);
		t.deepEqual(frames.map(readEvent), [event]);
	});
}
