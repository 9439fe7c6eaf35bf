/** The links of the network namespace that we are in, as its sysctl tree shows them: no list of all of them has to be read. */

import {existsSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {ClocheError} from '../base/errors.js';

const TREE = '/proc/sys/net/ipv4';

export const linkExists = (name: string): boolean => existsSync(`${TREE}/conf/${name}`);

/** Their names. */
export const listLinks = (): string[] => readdirSync(`${TREE}/conf`).filter(name => name !== 'all' && name !== 'default');

const isOn = (path: string): boolean => existsSync(path) && readFileSync(path, 'latin1').trim() !== '0';

/** Whether packets go from one link to another: ip_forward of ip-sysctl.rst. */
export const isForwarding = (): boolean => isOn(`${TREE}/ip_forward`);
export const isForwarding6 = (): boolean => isOn('/proc/sys/net/ipv6/conf/all/forwarding');

export const setForwarding = (on: boolean): void => {
	try {
		writeFileSync(`${TREE}/ip_forward`, on ? '1' : '0');
	} catch (cause) {
		throw new ClocheError(`cannot switch forwarding ${on ? 'on' : 'off'}`, {where: `${TREE}/ip_forward`, cause, remedy: 'sysctl -w net.ipv4.ip_forward=1 as root, or make the network --internal'});
	}
};
