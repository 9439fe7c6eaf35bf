/** What a namespace holds beside mounts: names, clocks, links, kernel parameters. Set while the host's /proc is still there. */

import type {CreateOp} from '../../helper/plan.js';
import type {ContainerSpec} from '../spec.js';

/** @param id the container's, its host name unless there is another */
export const planSettings = ({hostname, domainname, linux}: ContainerSpec, id: string): CreateOp[] => [
	...(linux.namespaces.uts === 'private' ? [{op: 'hostname', name: hostname ?? id, why: 'the host keeps its own'} satisfies CreateOp] : []),
	...(domainname === undefined ? [] : [{op: 'domainname', name: domainname} satisfies CreateOp]),
	...(linux.namespaces.network === 'private' ? [{op: 'loopback', why: 'the only interface of a new network namespace, down at first'} satisfies CreateOp] : []),
	...linux.sysctl.map(({key, value, namespace}): CreateOp => ({op: 'sysctl', key, value, why: `of this ${namespace} namespace only`})),
	...(linux.timeOffsets === undefined ? [] : [{op: 'time-offset', ...linux.timeOffsets, why: 'a new time namespace whose clocks are shifted'} satisfies CreateOp]),
];
