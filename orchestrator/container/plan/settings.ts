/** What a namespace holds beside mounts: names, clocks, links, kernel parameters. Set while the host's /proc is still there. */

import type {CreateOp} from '../../helper/plan.js';
import type {ContainerSpec} from '../spec.js';
import type {Placement} from './facts.js';

/** Where a container's resolver listens: docker's address, which programs know. */
export const RESOLVER = '127.0.0.11';

const planWiring = ({wiring}: Placement): CreateOp[] => wiring === undefined ? [] : [
	...wiring.endpoints,
	...(wiring.names === undefined ? [] : [{op: 'resolver', address: RESOLVER, why: 'the helper answers: names on its networks itself, others from the host\'s servers'} satisfies CreateOp]),
];

/** The container's id is its host name unless there is another. */
export const planSettings = ({hostname, domainname, linux}: ContainerSpec, placement: Placement): CreateOp[] => [
	...(linux.namespaces.uts === 'private' ? [{op: 'hostname', name: hostname ?? placement.id, why: 'the host keeps its own'} satisfies CreateOp] : []),
	...(domainname === undefined ? [] : [{op: 'domainname', name: domainname} satisfies CreateOp]),
	...(linux.namespaces.network === 'private' ? [{op: 'loopback', why: 'the only interface of a new network namespace, down at first'} satisfies CreateOp] : []),
	...planWiring(placement),
	...linux.sysctl.map(({key, value, namespace}): CreateOp => ({op: 'sysctl', key, value, why: `of this ${namespace} namespace only`})),
	...(linux.timeOffsets === undefined ? [] : [{op: 'time-offset', ...linux.timeOffsets, why: 'a new time namespace whose clocks are shifted'} satisfies CreateOp]),
];
