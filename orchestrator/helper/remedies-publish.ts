/** What to do where a port can't be published. */

import type {Failure} from './events.js';
import type {ReadKernel} from './kernel-file.js';

/** The first port that anybody may bind (ip(7)); 1024 where the kernel doesn't tell. */
const firstFree = (read: ReadKernel): string => read('/proc/sys/net/ipv4/ip_unprivileged_port_start')?.trim() ?? '1024';

/** `code`: the error's name. `undefined` where nothing is known. */
export const publishRemedy = (code: string, {path = ''}: Failure, read: ReadKernel): string | undefined => {
	switch (code) {
		case 'EADDRINUSE': return `another process has it (ss -lnp 'sport = :${/:(\d+)\//.exec(path)?.[1] ?? ''}' shows which): choose another port, or 0 for any that is free`;
		case 'EACCES': return `ports below ${firstFree(read)} need privilege: choose a higher one, or lower the sysctl net.ipv4.ip_unprivileged_port_start`;
		case 'EADDRNOTAVAIL': return 'this machine has no such address: ip addr shows those that it has';
		case 'EAFNOSUPPORT': return 'this machine has no IPv6: publish at an address of IPv4';
		default: return undefined;
	}
};
