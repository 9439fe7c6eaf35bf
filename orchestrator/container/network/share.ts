/** `--network container:NAME`: in the network namespace of another container. */

import {ClocheError} from '../../base/errors.js';
import {memberships, namesIn} from '../../network/places.js';
import {findEntrance} from '../entrance.js';
import type {Wiring} from '../plan/facts.js';
import {hostsText} from '../plan/etc.js';
import {RESOLVER} from '../plan/settings.js';
import type {Design} from '../prepare.js';
import {findContainer} from '../store/find.js';
import {noNetwork} from '../spec.js';
import type {StateRoots} from '../store/roots.js';
import {hostResolv, resolverText} from './resolv.js';

/** @throws ClocheError where the other one doesn't run, or its network is another user's */
export const sharedStack = (roots: StateRoots, {id, spec, plan}: Pick<Design, 'id' | 'spec' | 'plan'>, word: string): Wiring => {
	const found = findContainer(roots, word);
	const {target, spec: other, userMap} = findEntrance(found);
	if (userMap !== undefined || plan.userMap !== undefined) {
		throw new ClocheError(`--network container:${word}`, {why: 'its network belongs to a user namespace of its own, which isn\'t shared', remedy: 'run both as root, without --userns private'});
	}

	if (!('pid' in target) || target.pid === undefined) {
		throw new ClocheError(`--network container:${word}`, {why: 'its first process isn\'t known'});
	}

	const {namespaces} = other.linux;
	const named = namesIn(memberships(roots, found.record.id)).length > 0;
	return {
		...(namespaces.network === 'host' ? {} : {join: `/proc/${target.pid}/ns/net`}),
		endpoints: [], ports: [],
		hosts: hostsText(spec, id, {}),
		resolv: named ? resolverText(other.network ?? noNetwork(), hostResolv(), RESOLVER) : '',
	};
};
