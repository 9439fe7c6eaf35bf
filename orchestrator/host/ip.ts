/** ip(8), one process for however many lines. */

import {spawnSync} from 'node:child_process';
import {ClocheError} from '../base/errors.js';
import {findTool, runTool, type RunTool, type Tool} from './tool.js';

const IP: Tool = {program: 'ip', package: 'iproute2'};

/** Which line failed, and what the kernel answered: `Command failed -:2` after its words. */
export const parseBatchFailure = (words: string, lines: readonly string[]): {line: string | undefined; why: string | undefined} => {
	const [, number] = /^Command failed -:(\d+)$/m.exec(words) ?? [];
	const said = words.split('\n').filter(line => !line.startsWith('Command failed') && line.trim() !== '').join(', ');
	return {line: number === undefined ? undefined : lines[Number(number) - 1], why: said === '' ? undefined : said.replace('RTNETLINK answers: ', '')};
};

/**
 * Execute lines as of `ip -batch`, in order, until one fails.
 *
 * @param run where: here, or in another network namespace
 * @throws ClocheError that names the line
 */
export const ipBatch = async (lines: readonly string[], run: RunTool = runTool): Promise<void> => {
	if (lines.length === 0) {
		return;
	}

	const result = await run(IP, ['-batch', '-'], `${lines.join('\n')}\n`);
	if ('cause' in result) {
		const {line, why} = parseBatchFailure(result.words, lines);
		throw new ClocheError('ip failed', {where: line, why, cause: result.cause});
	}
};

/** Delete links of this network namespace, and with them their peers, as many as can be. For what hardly ever has to be: it is waited for. */
export const tryToDeleteLinks = (names: readonly string[]): void => {
	if (names.length > 0) {
		spawnSync(findTool(IP) ?? IP.program, ['-force', '-batch', '-'], {input: names.map(name => `link delete dev ${name}\n`).join(''), stdio: ['pipe', 'ignore', 'ignore'], env: {LC_ALL: 'C'}});
	}
};

/** Whether there is such a link, where `run` runs. */
export const hasLink = async (name: string, run: RunTool): Promise<boolean> => {
	const result = await run(IP, ['link', 'show', 'dev', name]);
	if ('cause' in result && !/does not exist|Cannot find device/.test(result.words)) {
		throw new ClocheError('ip failed', {where: `link show dev ${name}`, why: result.words, cause: result.cause});
	}

	return 'output' in result;
};

/** The aliases of bridges, by their names: ip-link(8), in JSON. */
export const parseAliases = (text: string): Map<string, string> => {
	const links: unknown = JSON.parse(text === '' ? '[]' : text);
	const pairs = (Array.isArray(links) ? links as readonly unknown[] : []).flatMap(link =>
		typeof link === 'object' && link !== null && 'ifname' in link && 'ifalias' in link ? [[String(link.ifname), String(link.ifalias)] as const] : []);
	return new Map(pairs);
};

export const bridgeAliases = async (): Promise<Map<string, string>> => {
	const result = await runTool(IP, ['-json', 'link', 'show', 'type', 'bridge']);
	if ('cause' in result) {
		throw new ClocheError('ip failed', {where: 'link show type bridge', why: result.words, cause: result.cause});
	}

	return parseAliases(result.output);
};
