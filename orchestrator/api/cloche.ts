/** The library's door: containers under one state root. */

import {ClocheError} from '../base/errors.js';
import type {LabDefinition} from '../container/lab/definition.js';
import type {RunOptions} from '../container/options/run-options.js';
import {collectGarbage} from '../container/store/gc.js';
import {tidyNetworks} from '../container/store/networks.js';
import {listContainers, resolveId} from '../container/store/find.js';
import {stateRoots, type StateRoots} from '../container/store/roots.js';
import {Container} from './container.js';
import {ContainerProcess} from './container-process.js';
import {Faults} from './faults.js';
import type {Lab} from './lab.js';
import {launchContainer, type LaunchRequest} from './launch.js';
import type {Network, NetworkOptions} from './network.js';
import type {StartedContainer} from './launched.js';
import {type ImageSource, type LibraryOptions, splitOptions} from './options.js';
import {closeIdleSupervisor} from './resident.js';
import {Sandbox} from './sandbox.js';
import {type DetachOptions, startContainer} from './start-container.js';

/** What a created container is made of. */
export interface CreateOptions extends Omit<LibraryOptions, 'encoding'>, Pick<RunOptions, 'rootfs'> {
	image?: string | undefined;
}

export interface OpenOptions {
	/** Where all state is kept; by default as `cloche --root`. */
	root?: string | undefined;
}

type TextOptions = LibraryOptions & {encoding?: 'utf8' | undefined};
type BytesOptions = LibraryOptions & {encoding: 'buffer'};

export class Cloche implements AsyncDisposable {
	readonly #roots: StateRoots;
	readonly #open = new Set<Promise<StartedContainer>>();
	/** Of those, what is over but for what they still hold. */
	readonly #ending = new Set<Promise<void>>();
	#tidied = false;
	#closed = false;

	/** Use {@link openCloche}. */
	constructor({root}: OpenOptions) {
		this.#roots = stateRoots({root});
	}

	/**
	 * Cut and slow the networks that its containers are on.
	 *
	 * @example await cloche.faults.partition('primary', 'replica');
	 */
	get faults(): Faults {
		return new Faults(this.#roots);
	}

	/** Where its state is kept. */
	get root(): string {
		return this.#roots.data;
	}

	/**
	 * Run a command in a new container, which is gone afterwards. The handle is also a promise of the result, which rejects
	 * with a {@link CommandError} where the command fails, and with a {@link ClocheError} where it couldn't be run.
	 *
	 * @example const {stdout} = await cloche.run('busybox', ['echo', 'hello']);
	 */
	run(image: ImageSource, command: readonly string[], options: BytesOptions): ContainerProcess<Buffer>;
	run(image: ImageSource, command?: readonly string[], options?: TextOptions): ContainerProcess;
	run(image: ImageSource, command: readonly string[] = [], options: LibraryOptions = {}): ContainerProcess<string | Buffer> {
		const {run, streams} = splitOptions(options);
		const source = typeof image === 'string' ? {image, run} : {image: undefined, run: {...run, ...image}};
		return new ContainerProcess(this.#launch({...source, command, streams, autoStart: true}), streams);
	}

	/**
	 * Make a container whose command is still to come: its namespaces, mounts and root are there, and its process 1 waits. To
	 * start it then takes no more than an exec.
	 *
	 * @example
	 * await using box = await cloche.create({image: 'busybox'});
	 * await box.start(['echo', 'hello']);
	 */
	async create({image, ...options}: CreateOptions): Promise<Sandbox> {
		const {run, streams} = splitOptions(options);
		const started = await this.#launch({image, run, command: [], streams, autoStart: false});
		try {
			await started.container.launch.created;
		} catch (error) {
			await started.container.released;
			throw error;
		}

		return new Sandbox(started, streams);
	}

	/**
	 * Start a container that outlives this process: kept by a supervisor of its own, found again by its id or name, here or on
	 * the command line. Resolves when its command runs; `await using` removes it in the end.
	 *
	 * @example const web = await cloche.start('busybox', ['httpd', '-f'], {name: 'web', restart: 'on-failure'});
	 */
	start(image: ImageSource, command: readonly string[] = [], options: DetachOptions = {}): Promise<Container> {
		return startContainer(this.#roots, image, command, options);
	}

	/**
	 * The container of that id or name, or whose id alone begins so.
	 *
	 * @throws ClocheError where there is none
	 */
	container(word: string): Container {
		return new Container(this.#roots, resolveId(this.#roots, word));
	}

	/** All containers, the oldest first: those that run, and those that are kept. */
	containers(): Container[] {
		return listContainers(this.#roots).containers.map(({record: {id}}) => new Container(this.#roots, id));
	}

	/**
	 * Make a network for containers to be on: `await using` removes it in the end, and so does whoever starts something after this
	 * process has been killed.
	 *
	 * @example
	 * await using network = await cloche.createNetwork();
	 * await using db = cloche.run('host', ['redis-server'], {network: network.name, name: 'db', rm: true});
	 */
	async createNetwork(options: NetworkOptions = {}): Promise<Network> {
		const {makeNetwork} = await import('./network.js');
		return makeNetwork(this.#roots, options, async () => this.#settle());
	}

	/**
	 * The network of that name or id, or whose id alone begins so.
	 *
	 * @throws ClocheError where there is none
	 */
	async network(word: string): Promise<Network> {
		const [{Network}, {findNetwork}] = await Promise.all([import('./network.js'), import('../network/find.js')]);
		return new Network(this.#roots, findNetwork(this.#roots, word), async () => this.#settle());
	}

	/**
	 * A whole topology in a network namespace of its own: networks, a router between them, containers with fixed addresses.
	 * Nothing of it appears among this machine's links, routes and rules. It resolves when all its containers run; they end with
	 * this process at the latest.
	 *
	 * @example
	 * await using lab = await cloche.lab({
	 * 	networks: {front: {subnet: '10.1.0.0/24'}, back: {subnet: '10.2.0.0/24'}},
	 * 	router: true,
	 * 	containers: {
	 * 		db: {image: 'host', command: ['redis-server', '--protected-mode', 'no'], networks: {back: {ip: '10.2.0.10'}}},
	 * 		app: {image: 'host', command: ['sleep', 'infinity'], networks: ['front']},
	 * 	},
	 * });
	 * await lab.containers.app.exec(['redis-cli', '-h', '10.2.0.10', 'ping']);
	 */
	async lab<Definition extends LabDefinition>(definition: Definition): Promise<Lab<Extract<keyof NonNullable<Definition['containers']>, string>>> {
		const {startLab} = await import('./lab.js');
		return startLab(this.#roots, definition, (image, command, options) => {
			const {run, streams} = splitOptions({...options, reject: false});
			return new ContainerProcess(this.#launch({image, run, command, streams, autoStart: true}), streams);
		}, async () => this.#settle());
	}

	/** Kills what still runs of what was run or created here (not what was started), and resolves when nothing is left of any of it. */
	async close(): Promise<void> {
		this.#closed = true;
		await Promise.all([...this.#open].map(async starting => {
			const started = await starting.catch(() => undefined); // Whoever asked for it was told.
			started?.container.lifecycle.kill();
			await started?.container.released;
		}));
		await closeIdleSupervisor();
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.close();
	}

	async #launch(request: LaunchRequest): Promise<StartedContainer> {
		if (this.#closed) {
			throw new ClocheError('this Cloche is closed', {remedy: 'open another one'});
		}

		const starting = launchContainer(this.#roots, request);
		this.#open.add(starting);
		try {
			const started = await starting;
			const forget = (): void => {
				this.#open.delete(starting);
			};

			started.container.released.then(forget, forget);
			this.#noteEnd(started);
			this.#tidy();
			return started;
		} catch (error) {
			this.#open.delete(starting);
			throw error;
		}
	}

	/** Whoever awaits the result goes on before the last of it is given back: its addresses, for one. */
	#noteEnd({container: {outcome, released}}: StartedContainer): void {
		const gone = released.catch(() => undefined); // Whoever awaits it is told.
		const note = (): void => {
			this.#ending.add(gone);
			void gone.then(() => this.#ending.delete(gone));
		};

		outcome.then(note, note);
	}

	/** Nobody is in the way of a network's removal whose result is there. */
	async #settle(): Promise<void> {
		await Promise.all(this.#ending);
	}

	/** Once is enough: what dies from here on is cleaned up by the next process that starts something. */
	#tidy(): void {
		if (!this.#tidied) {
			this.#tidied = true;
			for (const problem of collectGarbage(this.#roots).problems) {
				process.emitWarning(problem.message, 'ClocheWarning');
			}

			void tidyNetworks(this.#roots).then(problems => {
				for (const problem of problems) {
					process.emitWarning(problem.message, 'ClocheWarning');
				}
			});
		}
	}
}

/**
 * A door to another state root.
 *
 * @example await using cloche = await openCloche({root: directory});
 */
export const openCloche = (options: OpenOptions = {}): Promise<Cloche> => Promise.resolve(new Cloche(options));

/** The one that everybody shares, with the state root of the command line. */
export const cloche = new Cloche({});
