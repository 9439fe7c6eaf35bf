/** Which containers `ps` shows. */

import {ClocheError} from '../../base/errors.js';
import {statusOf} from '../../container/store/exit.js';
import {findContainer, type FoundContainer} from '../../container/store/find.js';
import type {StateRoots} from '../../container/store/roots.js';
import {expressionOf, type Filters, fitsAll, hasLabel} from '../filters.js';
import {healthOf} from './row.js';

export const FILTERS = ['id', 'name', 'label', 'status', 'ancestor', 'exited', 'health', 'before', 'since', 'restart'];

/** Where one of these is asked for, all containers are meant, as by docker. */
export const meansAll = (filters: Filters): boolean => filters.has('status') || filters.has('exited');

type Test = (found: FoundContainer) => boolean;

const oneOf = (key: string, value: string, known: readonly string[]): string => {
	if (!known.includes(value)) {
		throw new ClocheError(`--filter ${key}=${value}`, {why: 'there is no such', remedy: `use ${known.join(', ')}`});
	}

	return value;
};

const STATES = ['created', 'running', 'paused', 'restarting', 'exited', 'dead'];
const HEALTHS = ['starting', 'healthy', 'unhealthy', 'none'];
const POLICIES = ['no', 'on-failure', 'always', 'unless-stopped'];

const numberOf = (value: string): number => {
	if (!/^\d+$/.test(value)) {
		throw new ClocheError(`--filter exited=${value}`, {why: 'not an exit status', remedy: 'give a number'});
	}

	return Number(value);
};

const policyOf = (spec: unknown): string => {
	const restart: unknown = typeof spec === 'object' && spec !== null && 'restart' in spec ? spec.restart : undefined;
	return typeof restart === 'object' && restart !== null && 'policy' in restart && typeof restart.policy === 'string' ? restart.policy : 'no';
};

const testOf = (key: string, value: string, roots: StateRoots): Test => {
	switch (key) {
		case 'id': {
			return ({record}) => record.id.startsWith(value);
		}

		case 'name': {
			const expression = expressionOf(key, value);
			return ({record}) => record.name !== undefined && expression.test(record.name);
		}

		case 'label': return ({record}) => hasLabel(record.labels ?? {}, value);
		case 'status': {
			oneOf(key, value, STATES);
			return ({state}) => state === value;
		}

		case 'ancestor': return ({record}) => record.image === value;
		case 'exited': {
			const code = numberOf(value);
			return ({state, exit}) => state === 'exited' && exit !== undefined && statusOf(exit) === code;
		}

		case 'health': {
			oneOf(key, value, HEALTHS);
			return found => (healthOf(found, roots) || 'none') === value;
		}

		case 'restart': {
			oneOf(key, value, POLICIES);
			return ({record}) => policyOf(record.spec) === value;
		}

		default: {
			const {record: {created, id}} = findContainer(roots, value);
			return key === 'before' ? ({record}) => record.created < created && record.id !== id : ({record}) => record.created > created && record.id !== id;
		}
	}
};

/** Whether a container is to be shown. */
export const selectorOf = (filters: Filters, roots: StateRoots): Test => fitsAll(filters, (key, value) => testOf(key, value, roots));
