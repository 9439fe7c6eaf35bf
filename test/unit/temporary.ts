/** Files and directories for one test. */

import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';

/** Give `use` the path of a fresh directory, which is removed afterwards. */
export const withDirectory = async (use: (directory: string) => unknown): Promise<void> => {
	const directory = mkdtempSync(path.join(tmpdir(), 'cloche-test-'));
	try {
		await use(directory);
	} finally {
		rmSync(directory, {recursive: true, force: true});
	}
};

/** Give `use` the path of a file with this content. */
export const withFile = async (content: string | Uint8Array, use: (file: string) => unknown): Promise<void> =>
	withDirectory(async directory => {
		const file = path.join(directory, 'file');
		writeFileSync(file, content);
		await use(file);
	});
