/**
 * `npx ava test/unit/x.test.ts` runs a test through tsx. `make` sets CLOCHE_TESTS=built: the same tests, bundled beforehand
 * (.ci/bundle-tests.js), start much sooner.
 */

const common = {timeout: '1m', workerThreads: false, cache: false};

const built = {
	...common,
	files: ['build/tests/**/*.test.js'],
	nodeArguments: ['--enable-source-maps'],
};

const source = {
	...common,
	files: ['test/{unit,helper,integration}/**/*.test.ts'],
	extensions: {ts: 'module'},
	nodeArguments: ['--import=tsx'],
};

const config = process.env.CLOCHE_TESTS === 'built' ? built : source;

export {config as default};
