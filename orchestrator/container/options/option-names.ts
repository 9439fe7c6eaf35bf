/** Options are refused by name where there is none of that name: a typing mistake must not be a weaker container. */

import {ClocheError} from '../../base/errors.js';
import type {RunOptions} from './run-options.js';
import {nearest} from './suggest.js';

/** As an object, so that the compiler finds what is missing. */
const names = {
	interactive: true, tty: true, rm: true, name: true, hostname: true, domainname: true, env: true, envFile: true, workdir: true, user: true, volume: true,
	mount: true, tmpfs: true, readOnly: true, init: true, entrypoint: true, network: true, uts: true, ipc: true, pid: true, userns: true, cgroupns: true,
	timeOffset: true, ulimit: true, sysctl: true, capAdd: true, capDrop: true, securityOpt: true, seccomp: true, stopSignal: true, stopTimeout: true,
	timeout: true, storage: true, branch: true, rootfs: true,
	detach: true, restart: true, healthCmd: true, healthInterval: true, healthTimeout: true, healthRetries: true, healthStartPeriod: true, noHealthcheck: true,
	ip: true, ip6: true, macAddress: true, networkAlias: true, dns: true, dnsSearch: true, dnsOption: true, addHost: true, publish: true, expose: true, publishAll: true,
	label: true, labelFile: true, logOpt: true,
} satisfies Record<keyof RunOptions, true>;

export const RUN_OPTION_NAMES: readonly string[] = Object.keys(names);

/** @throws ClocheError naming the first of `options` that isn't among `known` */
export const refuseUnknown = (options: object, known: readonly string[]): void => {
	const unknown = Object.keys(options).find(name => !known.includes(name));
	if (unknown !== undefined) {
		const near = nearest(unknown, known);
		throw new ClocheError(`unknown option '${unknown}'`, {remedy: near === undefined ? `there are ${known.join(', ')}` : `did you mean '${near}'?`});
	}
};
