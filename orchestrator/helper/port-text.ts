/** A published port as protocol.def has it: `tcp 127.0.0.1 8080 80`. Pure: no I/O. */

import type {Port} from './plan.js';

/** As the helper takes it. */
export const portText = ({protocol, address, outside, inside}: Port): string => `${protocol} ${address} ${outside} ${inside}`;

/** What the helper tells; `undefined` where that is none. */
export const readPort = (text: string): Port | undefined => {
	const [, protocol, address, outside, inside] = /^(tcp|udp) ([\d.:a-f]+) (\d+) (\d+)$/.exec(text) ?? [];
	return (protocol === 'tcp' || protocol === 'udp') && address !== undefined ? {protocol, address, outside: Number(outside), inside: Number(inside)} : undefined;
};
