/** Strict and type-checked; formatting rules are few, since the style is in STYLE.md's words. */

import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** Which part of the orchestrator may import which: a lower number never imports a higher one. */
const domains = ['container', 'image', 'storage', 'network'];
const forbidden = {
	base: ['helper', 'host', ...domains, 'api', 'cli'],
	host: [...domains, 'api', 'cli'],
	helper: [...domains, 'api', 'cli'],
	image: ['container', 'storage', 'network', 'api', 'cli'],
	storage: ['container', 'image', 'network', 'api', 'cli'],
	network: ['container', 'image', 'storage', 'api', 'cli'],
	container: ['api', 'cli'],
	api: ['cli'],
};

const fence = Object.entries(forbidden).map(([part, others]) => ({
	files: [`orchestrator/${part}/**/*.ts`],
	rules: {
		'@typescript-eslint/no-restricted-imports': ['error', {
			patterns: [{
				group: others.map(other => `**/${other}/**`),
				message: 'Imports go one way: cli → api → {container, image, storage, network} → {helper, host} → base.',
			}],
		}],
	},
}));

export default tseslint.config(
	{ignores: ['build/', 'dist/']},
	{linterOptions: {noInlineConfig: true, reportUnusedDisableDirectives: 'error'}},
	js.configs.recommended,
	{
		files: ['**/*.ts'],
		extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
		languageOptions: {parserOptions: {projectService: true, tsconfigRootDir: import.meta.dirname}},
		rules: {
			'@typescript-eslint/consistent-type-imports': ['error', {fixStyle: 'inline-type-imports'}],
			'@typescript-eslint/no-import-type-side-effects': 'error',
			'@typescript-eslint/restrict-template-expressions': ['error', {allowNumber: true}],
			'@typescript-eslint/switch-exhaustiveness-check': ['error', {considerDefaultExhaustiveForUnions: true}],
			'@typescript-eslint/consistent-type-definitions': 'off',
			'@typescript-eslint/no-confusing-void-expression': 'off',
			'@typescript-eslint/array-type': 'off',
			// A record that lists every case in one place is read more easily when one case does nothing.
			'@typescript-eslint/no-empty-function': 'off',
			// Teardown loops run until the kernel says otherwise.
			'no-constant-condition': ['error', {checkLoops: false}],
			'@typescript-eslint/no-unnecessary-condition': ['error', {allowConstantLoopConditions: true}],
			// What is printed has its control characters escaped, and those are named by their numbers.
			'no-control-regex': 'off',
			'eqeqeq': 'error',
			'curly': ['error', 'all'],
			'no-restricted-syntax': ['error', {
				selector: 'ExportDefaultDeclaration',
				message: 'Named exports only: a thing has one name everywhere.',
			}],
		},
	},
	{
		files: ['orchestrator/**/*.ts', 'layers/**/*.ts'],
		rules: {'max-lines': ['error', {max: 250, skipBlankLines: false, skipComments: false}]},
	},
	// Generated: as long as the protocol is.
	{files: ['orchestrator/helper/protocol.ts'], rules: {'max-lines': 'off'}},
	...fence,
	{
		files: ['**/*.js', '**/*.cjs'],
		languageOptions: {globals: {__dirname: 'readonly', COMMAND_HASH: 'readonly', exports: 'readonly', module: 'readonly', require: 'readonly', process: 'readonly', console: 'readonly', URL: 'readonly', Buffer: 'readonly'}},
	},
);
