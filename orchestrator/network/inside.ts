/** ip(8), nft(8) and tc(8) of this machine, in another network namespace: nothing else of who is there is entered, and nothing of theirs is run. */

import {text} from 'node:stream/consumers';
import {ClocheError} from '../base/errors.js';
import type {TargetProcess} from '../helper/plan.js';
import {startSupervisor} from '../helper/start.js';
import type {Supervisor} from '../helper/supervisor.js';
import {nsinitPath, nsinitRemedy} from '../host/assets.js';
import {CAP_NET_ADMIN, isPrivileged} from '../host/privilege.js';
import {findTool, type RunTool, type Tool} from '../host/tool.js';

export const TC: Tool = {program: 'tc', package: 'iproute2'};

export interface Outcome {
	/** The exit status; `undefined` where a signal ended it. */
	code: number | undefined;
	output: string;
	/** Its standard error. */
	words: string;
}

export class NetworkTools implements AsyncDisposable {
	#supervisor: Supervisor | undefined;

	/**
	 * Run it to its end.
	 *
	 * @throws ClocheError where it isn't on this machine, or the container has ended
	 */
	async run(tool: Tool, target: TargetProcess, args: readonly string[], input = ''): Promise<Outcome> {
		const program = findTool(tool);
		if (program === undefined) {
			throw new ClocheError(`cannot run ${tool.program}`, {why: 'it isn\'t in PATH', remedy: `install it (Debian: apt-get install ${tool.package}), or put its directory into PATH`});
		}

		this.#supervisor ??= startSupervisor({path: nsinitPath(), remedy: nsinitRemedy(), stdin: 'ignore'});
		const launch = this.#supervisor.launch({
			namespaces: [], join: [], terminal: false, init: false, cgroups: [], remove: [], create: [],
			streams: {stdin: 'pipe', stdout: 'pipe', stderr: 'pipe'},
			start: [
				{op: 'capabilities', bounding: CAP_NET_ADMIN, permitted: CAP_NET_ADMIN, inheritable: 0n, ambient: 0n},
				{op: 'credentials', uid: 0, gid: 0},
				{op: 'no-new-privs'},
				{op: 'exec', argv: [tool.program, ...args], env: ['LC_ALL=C']},
			],
			// Who isn't root here is root where that namespace belongs.
			enter: isPrivileged() ? ['network'] : ['user', 'network'],
			program,
		}, {target});
		const {stdin, stdout, stderr} = await launch.streams;
		stdin?.on('error', () => undefined).end(input);
		const [exit, output, words] = await Promise.all([launch.exited, stdout === undefined ? '' : text(stdout), stderr === undefined ? '' : text(stderr)]);
		await launch.released;
		return {code: exit.code, output, words: words.trim()};
	}

	/** Runs tools where process `target` is. */
	at(target: TargetProcess): RunTool {
		return async (tool, args, input) => {
			const {code, output, words} = await this.run(tool, target, args, input);
			return code === 0 ? {output} : {words, cause: new ClocheError(`${tool.program} failed`, {why: code === undefined ? 'a signal ended it' : `status ${code}`})};
		};
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.#supervisor?.close();
	}
}
