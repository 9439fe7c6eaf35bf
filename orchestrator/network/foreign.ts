/**
 * Whether somebody else's rules drop what this machine passes on: Docker sets FORWARD's policy so, and firewalls do. One `accept` of ours
 * doesn't help there, since every chain of a hook has its say; so the user is told.
 */

import {readFileSync} from 'node:fs';
import {isErrno} from '../base/errors.js';
import {listRules} from '../host/nft.js';
import {isOurs} from './rules.js';

interface Chain {
	family: string;
	table: string;
	name: string;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** Of a text as `nft -j list chains` prints it: the chains that drop what nobody accepted. */
export const parseDropping = (text: string): Chain[] => {
	const list: unknown = text === '' ? {} : JSON.parse(text);
	const entries: readonly unknown[] = isObject(list) && Array.isArray(list['nftables']) ? list['nftables'] : [];
	return entries.flatMap(entry => {
		const chain = isObject(entry) ? entry['chain'] : undefined;
		return isObject(chain) && chain['hook'] === 'forward' && chain['policy'] === 'drop' && ['ip', 'inet'].includes(String(chain['family'])) && !isOurs(String(chain['table']))
			? [{family: String(chain['family']), table: String(chain['table']), name: String(chain['name'])}] : [];
	});
};

/** What `cloche network` tells to be added, whoever made the rule: our bridges by the beginning of their names. */
const LETS_US = /["']?clo(?:\*|\+)["']?/;

/** iptables' own table is best spoken to by iptables; Docker leaves a chain there for such as us. */
const remedyFor = ({family, table, name}: Chain, docker: boolean): string => family === 'ip' && table === 'filter' && name === 'FORWARD'
	? [`iptables -I ${docker ? 'DOCKER-USER' : 'FORWARD'} -i clo+ -j ACCEPT`, `iptables -I ${docker ? 'DOCKER-USER' : 'FORWARD'} -o clo+ -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`].join('; ')
	: [`nft insert rule ${family} ${table} ${name} iifname '"clo*"' accept`, `nft insert rule ${family} ${table} ${name} oifname '"clo*"' ct state established,related accept`].join('; ');

/** The old iptables has tables that nft doesn't see. */
const hasLegacyTables = (): boolean => {
	try {
		return readFileSync('/proc/self/net/ip_tables_names', 'latin1').split('\n').includes('filter');
	} catch (error) {
		if (isErrno(error, 'ENOENT') || isErrno(error, 'EACCES')) {
			return false;
		}

		throw error;
	}
};

const legacyDrops = async (): Promise<string[]> => {
	if (!hasLegacyTables()) {
		return [];
	}

	const {runTool} = await import('../host/tool.js');
	const result = await runTool({program: 'iptables-legacy', package: 'iptables'}, ['-S']);
	const rules = 'output' in result ? result.output : '';
	return /^-P FORWARD DROP$/m.test(rules) && !LETS_US.test(rules)
		? [`the chain FORWARD of iptables-legacy drops what containers send out; to let them: ${remedyFor({family: 'ip', table: 'filter', name: 'FORWARD'}, rules.includes('-N DOCKER-USER')).replaceAll('iptables', 'iptables-legacy')}`] : [];
};

/** A line for each chain that keeps containers from the world outside, with what to do about it. */
export const foreignDrops = async (): Promise<string[]> => {
	const warnings = await legacyDrops();
	for (const chain of parseDropping(await listRules('-j', 'list', 'chains') ?? '')) {
		const {family, table, name} = chain;
		const own = await listRules('list', 'chain', family, table, name) ?? '';
		const docker = family === 'ip' ? await listRules('list', 'chain', family, table, 'DOCKER-USER') : undefined;
		if (!LETS_US.test(own) && !LETS_US.test(docker ?? '')) {
			warnings.push(`the chain ${family} ${table} ${name} drops what containers send out; to let them: ${remedyFor(chain, docker !== undefined)}`);
		}
	}

	return warnings;
};
