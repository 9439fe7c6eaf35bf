/** nft(8): a text is applied as a whole or not at all. */

import {ClocheError} from '../base/errors.js';
import {runTool, type RunTool, type Tool, type ToolFailure} from './tool.js';

export const NFT: Tool = {program: 'nft', package: 'nftables'};

/** `/dev/stdin:3:1-9: Error: Could not process rule: No such file or directory` */
const wordsOf = ({words}: ToolFailure): string | undefined => /Error: (.*)/.exec(words)?.[1] ?? words.split('\n')[0];

const failed = (where: string, failure: ToolFailure): ClocheError => new ClocheError('nft failed', {where, why: wordsOf(failure), cause: failure.cause});

/** Apply a text as of `nft -f`; `run` tells where. */
export const applyRules = async (text: string, run: RunTool = runTool): Promise<void> => {
	const result = await run(NFT, ['-f', '-'], text);
	if ('cause' in result) {
		throw failed('nft -f', result);
	}
};

/** What `nft ARGS` prints; `undefined` where there is no such thing. */
export const listRules = async (...args: readonly string[]): Promise<string | undefined> => {
	const result = await runTool(NFT, args);
	if ('output' in result) {
		return result.output;
	}

	if (result.words.includes('No such file or directory')) {
		return undefined;
	}

	throw failed(args.join(' '), result);
};
