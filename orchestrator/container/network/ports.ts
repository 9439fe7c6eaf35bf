/** Published ports: from what was asked for to sockets, and how they are written. */

import type {Port} from '../../helper/plan.js';
import type {PublishedPort} from '../spec.js';

/** @param ipv6 whether this machine has it */
export const expandPorts = (ports: readonly PublishedPort[], ipv6: boolean): Port[] =>
	ports.flatMap(({address, ...port}) => (address === undefined ? ['0.0.0.0', ...(ipv6 ? ['::'] : [])] : [address]).map(each => ({...port, address: each})));

/** `0.0.0.0:8080`, `[::]:8080`. */
export const outsideText = ({address, outside}: Pick<Port, 'address' | 'outside'>): string => `${address.includes(':') ? `[${address}]` : address}:${outside}`;

/** `80/tcp` */
export const insideText = ({inside, protocol}: Pick<Port, 'inside' | 'protocol'>): string => `${inside}/${protocol}`;
