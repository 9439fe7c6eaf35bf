/** DNS messages that are no good queries, or odd ones: what the resolver says to each. make fuzz-dns tries the others. */

import {execFileSync} from 'node:child_process';
import {rooted} from './bridged.js';
import {registryFor, resolvingPlan} from './registry.js';
import {supervisorFor} from './support.js';

const header = (flags: number, questions: number, additional = 0): Buffer => {
	const bytes = Buffer.alloc(12);
	bytes.writeUInt16BE(flags, 2);
	bytes.writeUInt16BE(questions, 4);
	bytes.writeUInt16BE(additional, 10);
	return bytes;
};

const label = (text: string): Buffer => Buffer.concat([Buffer.from([text.length]), Buffer.from(text, 'latin1')]);
const nameOf = (...labels: string[]): Buffer => Buffer.concat([...labels.map(text => label(text)), Buffer.from([0])]);
const ask = (type: number, kind = 1): Buffer => Buffer.from([type >> 8, type & 0xFF, kind >> 8, kind & 0xFF]);
const opt = (size: number): Buffer => Buffer.from([0, 0, 41, size >> 8, size & 0xFF, 0, 0, 0, 0, 0, 0]);

const db = nameOf('db');

/** What it says: a code and how many answers, or nothing at all. */
const messages: Record<string, [message: Buffer, said: string | undefined]> = {
	'a query': [Buffer.concat([header(0x100, 1), db, ask(1)]), 'code 0, 1 answers'],
	'in capitals': [Buffer.concat([header(0x100, 1), nameOf('DB'), ask(1)]), 'code 0, 1 answers'],
	'with EDNS, which is answered with it': [Buffer.concat([header(0x100, 1, 1), db, ask(1), opt(1232)]), 'code 0, 1 answers, OPT'],
	'another type': [Buffer.concat([header(0x100, 1), db, ask(15)]), 'code 0, 0 answers'],
	'any type': [Buffer.concat([header(0x100, 1), db, ask(255)]), 'code 0, 1 answers'],
	'any class': [Buffer.concat([header(0x100, 1), db, ask(1, 255)]), 'code 0, 1 answers'],
	'another class': [Buffer.concat([header(0x100, 1), db, ask(1, 3)]), 'code 3, 0 answers'],
	'a name with a slash': [Buffer.concat([header(0x100, 1), nameOf('..', 'red/db'), ask(1)]), 'code 3, 0 answers'],
	'a name with dots in a label': [Buffer.concat([header(0x100, 1), nameOf('..'), ask(1)]), 'code 3, 0 answers'],
	'a name with a NUL': [Buffer.concat([header(0x100, 1), nameOf('db\0'), ask(1)]), 'code 3, 0 answers'],
	'the root': [Buffer.concat([header(0x100, 1), nameOf(), ask(1)]), 'code 3, 0 answers'],
	'the longest name': [Buffer.concat([header(0x100, 1), nameOf('a'.repeat(63), 'b'.repeat(63), 'c'.repeat(63), 'd'.repeat(61)), ask(1)]), 'code 3, 0 answers'],
	'a name that is longer': [Buffer.concat([header(0x100, 1), nameOf('a'.repeat(63), 'b'.repeat(63), 'c'.repeat(63), 'd'.repeat(62)), ask(1)]), 'code 1, 0 answers'],
	'a question that points': [Buffer.concat([header(0x100, 1), Buffer.from([0xC0, 12]), ask(1)]), 'code 1, 0 answers'],
	'a label of an unknown kind': [Buffer.concat([header(0x100, 1), Buffer.from([0x41]), db, ask(1)]), 'code 1, 0 answers'],
	'a name that does not end': [Buffer.concat([header(0x100, 1), label('db')]), 'code 1, 0 answers'],
	'a label past the end': [Buffer.concat([header(0x100, 1), Buffer.from([9, 0x64])]), 'code 1, 0 answers'],
	'no type': [Buffer.concat([header(0x100, 1), db, Buffer.from([0])]), 'code 1, 0 answers'],
	'no question': [header(0x100, 0), 'code 1, 0 answers'],
	'two questions': [Buffer.concat([header(0x100, 2), db, ask(1), db, ask(1)]), 'code 1, 0 answers'],
	'a record that is missing': [Buffer.concat([header(0x100, 1, 1), db, ask(1)]), 'code 1, 0 answers'],
	'a record that is cut short': [Buffer.concat([header(0x100, 1, 1), db, ask(1), opt(512).subarray(0, 9)]), 'code 1, 0 answers'],
	'65,535 records': [Buffer.concat([header(0x100, 1, 0xFFFF), db, ask(1), opt(512)]), 'code 1, 0 answers'],
	'an update': [Buffer.concat([header(0x2900, 1), db, ask(6)]), 'code 4, 0 answers'],
	'an answer': [Buffer.concat([header(0x8100, 1), db, ask(1)]), undefined],
	'a piece of a header': [Buffer.alloc(11), undefined],
	'nothing': [Buffer.alloc(0), undefined],
};

/** Sends them one by one, each behind its number and before a good query, whose answer says that no other one comes. */
const TALK = `
const udp = require('dgram').createSocket('udp4');
const messages = JSON.parse(process.argv[1]).map(text => Buffer.from(text, 'base64'));
const good = Buffer.from('ffff0100000100000000000002646200' + '00010001', 'hex');
const said = messages.map(() => null);
const send = at => { if (at < messages.length) udp.send(messages[at], 53, '127.0.0.11', () => udp.send(good, 53, '127.0.0.11')); };
let at = 0;
udp.on('message', m => {
	if (m.readUInt16BE(0) !== 0xffff) {
		said[m.readUInt16BE(0)] = 'code ' + (m[3] & 15) + ', ' + m.readUInt16BE(6) + ' answers' + (m.readUInt16BE(10) ? ', OPT' : '');
		return;
	}
	if (++at === messages.length) { console.log(JSON.stringify(said)); process.exit(0); }
	send(at);
});
send(0);
`;

rooted('what is said to each', async t => {
	const registry = registryFor(t, 'red');
	registry.join('red', 'db', '10.77.0.5');
	const plan = resolvingPlan(t, ['/bin/sleep', '1000'], {directory: registry.directory, servers: []});
	const launch = supervisorFor(t, 'root').launch({...plan, streams: {stdin: 'null', stdout: 'null', stderr: 'null'}});
	await launch.running;
	const numbered = Object.values(messages).map(([message], number) => {
		const bytes = Buffer.from(message);
		if (bytes.length >= 2) {
			bytes.writeUInt16BE(number, 0);
		}

		return bytes.toString('base64');
	});
	const said = JSON.parse(execFileSync('nsenter', [`--net=/proc/${await launch.created}/ns/net`, process.execPath, '-e', TALK, JSON.stringify(numbered)], {encoding: 'utf8', timeout: 30_000})) as Array<string | null>;
	const expected = Object.entries(messages).map(([name, [, one]]) => [name, one ?? null]);
	t.deepEqual(Object.keys(messages).map((name, number) => [name, said[number]]), expected);
});
