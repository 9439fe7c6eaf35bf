/** Containers that are kept by their supervisor: started by a helper of the test's own, reached by their socket. */

import {existsSync, readFileSync, readdirSync} from 'node:fs';
import {join} from 'node:path';
import type {ExecutionContext} from 'ava';
import {readIfThere} from '../../orchestrator/container/store/record.js';
import type {ContainerClient} from '../../orchestrator/helper/container-client.js';
import {connectToContainer} from '../../orchestrator/helper/client.js';
import {encodeCreateAndStart} from '../../orchestrator/helper/encode.js';
import {encodeDetach, encodeServe} from '../../orchestrator/helper/encode-service.js';
import type {Plan, Service} from '../../orchestrator/helper/plan.js';
import {Kind} from '../../orchestrator/helper/protocol.js';
import {fullPlan, marked} from './full-plan.js';
import {eventually} from './marked.js';
import {Raw} from './raw.js';
import {directoryFor, type Privilege} from './support.js';

export const CHANNEL = 1;

/** The record of how a run ended, as far as tests look at it. */
interface Exit {
	code?: number;
	signal?: number;
	error?: string;
	restarting?: boolean;
	restarts?: number;
	stopped?: boolean;
}

export class Served {
	readonly raw: Raw;
	readonly plan: Plan & {state: string};
	readonly service: Service;
	readonly #t: ExecutionContext;
	readonly #directory: string;

	constructor(t: ExecutionContext, privilege: Privilege, argv: string[], {service = {}, plan = {}}: {service?: Partial<Service>; plan?: Partial<Plan>} = {}) {
		this.#t = t;
		this.#directory = directoryFor(t, privilege);
		this.raw = new Raw(t, privilege);
		t.teardown(() => {
			this.kill();
		});
		const streams = {stdin: 'served', stdout: 'served', stderr: 'served'} as const;
		this.plan = marked(fullPlan(t, privilege, argv, {streams, ...plan}), this.raw.helper.mark);
		const inside = (name: string): string => join(this.#directory, name);
		this.service = {
			socket: inside('socket'),
			log: {directory: inside('log'), maxSize: 2 ** 40},
			exitFile: inside('exit.json'),
			initLink: inside('init'),
			boot: 'boot',
			events: {file: inside('events'), members: {id: 'served'}},
			stopSignal: 15,
			stopTimeout: 10_000,
			...service,
		};
	}

	/** Serve it and wait until the command runs. */
	async start(): Promise<this> {
		this.raw.helper.socket.write(Buffer.concat([encodeServe(CHANNEL, this.service), encodeCreateAndStart(CHANNEL, this.plan)]));
		await this.raw.until(({kind}) => kind === Kind.RUNNING || kind === Kind.ERROR);
		return this;
	}

	/** Let go of it: from here on only its socket reaches it. */
	async detach(): Promise<this> {
		await this.start();
		this.detachNow();
		return this;
	}

	detachNow(): void {
		this.raw.helper.socket.end(encodeDetach());
	}

	async connect(): Promise<ContainerClient> {
		const client = await connectToContainer(this.service.socket);
		client.exited.catch(() => undefined);
		this.#t.teardown(() => {
			client.close();
		});
		return client;
	}

	/** Kill the supervisor, if it is there. */
	kill(): void {
		if (this.raw.helper.child.exitCode === null && this.raw.helper.child.signalCode === null) {
			this.raw.helper.child.kill('SIGKILL');
		}
	}

	get exit(): Exit | undefined {
		const text = readIfThere(this.service.exitFile); // It goes when the next run begins.
		return text === undefined ? undefined : JSON.parse(text) as Exit;
	}

	/** What each line of the journal says was done. */
	get actions(): string[] {
		return readFileSync(this.service.events?.file ?? '', 'utf8').trim().split('\n').map(line => (JSON.parse(line) as {action: string}).action);
	}

	/** The log's lines, without time. */
	get log(): string[] {
		const directory = this.service.log?.directory ?? '';
		return readdirSync(directory).sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))
			.flatMap(name => readFileSync(join(directory, name), 'utf8').split('\n')).filter(line => line !== '').map(line => line.slice(line.indexOf(' ') + 1));
	}

	/** Wait for the end of the supervisor and of all it had. */
	async ended(): Promise<string> {
		const how = await this.raw.helper.ended;
		await this.raw.helper.gone();
		return how;
	}

	/** Wait until the log has `line`. */
	async logged(line: string): Promise<void> {
		await eventually(() => existsSync(this.service.log?.directory ?? '') && this.log.includes(line), () => this.log.join('\n'));
	}
}
