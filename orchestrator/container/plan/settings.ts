/** What a namespace holds beside mounts: names, clocks, links, kernel parameters. Set while the host's /proc is still there. */

import type {CreateOp, IdMap} from '../../helper/plan.js';
import type {ContainerSpec} from '../spec.js';
import type {Placement} from './facts.js';

/** Where a container's resolver listens: docker's address, which programs know. */
export const RESOLVER = '127.0.0.11';

const PING = 'net/ipv4/ping_group_range';

/** The last group that there is inside: INT_MAX, which the kernel takes at most, unless a map has fewer. */
const lastGroup = (gids: readonly IdMap[] | undefined): number =>
	Math.min(2 ** 31 - 1, gids === undefined ? Infinity : gids.reduce((sum, {count}) => sum + count, 0) - 1);

/** ping(8) needs no capability where its group may open ICMP sockets (icmp(7)), as in docker and podman. */
const planPing = ({linux}: ContainerSpec, {wiring}: Placement, gids: readonly IdMap[] | undefined): CreateOp[] =>
	wiring === undefined || wiring.endpoints.length === 0 || linux.sysctl.some(({key}) => key === PING) ? []
		: [{op: 'sysctl', key: PING, value: `0 ${lastGroup(gids)}`, why: 'ping needs no capability then'}];

const planWiring = ({wiring}: Placement): CreateOp[] => wiring === undefined ? [] : [
	...wiring.endpoints,
	...(wiring.names === undefined ? [] : [{op: 'resolver', address: RESOLVER, why: 'the helper answers: names on its networks itself, others from the host\'s servers'} satisfies CreateOp]),
];

export const planSettings = (spec: ContainerSpec, placement: Placement, gids?: readonly IdMap[]): CreateOp[] => [
	...planNames(spec, placement),
	...(spec.linux.namespaces.network === 'private' ? [{op: 'loopback', why: 'the only interface of a new network namespace, down at first'} satisfies CreateOp] : []),
	...planWiring(placement),
	...planPing(spec, placement, gids),
	...spec.linux.sysctl.map(({key, value, namespace}): CreateOp => ({op: 'sysctl', key, value, why: `of this ${namespace} namespace only`})),
	...(spec.linux.timeOffsets === undefined ? [] : [{op: 'time-offset', ...spec.linux.timeOffsets, why: 'a new time namespace whose clocks are shifted'} satisfies CreateOp]),
];

/** The container's id is its host name unless there is another. */
const planNames = ({hostname, domainname, linux}: ContainerSpec, placement: Placement): CreateOp[] => [
	...(linux.namespaces.uts === 'private' ? [{op: 'hostname', name: hostname ?? placement.id, why: 'the host keeps its own'} satisfies CreateOp] : []),
	...(domainname === undefined ? [] : [{op: 'domainname', name: domainname} satisfies CreateOp]),
];
