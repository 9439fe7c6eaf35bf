/** `layers/build.ts NAME DIRECTORY` builds the layer NAME as DIRECTORY/NAME anew; `make layers` runs it. */

import {rm} from 'node:fs/promises';
import path from 'node:path';
import {buildLayer} from '../orchestrator/image/recipe.js';
import {recipes} from './index.js';

const [name = '', directory = ''] = process.argv.slice(2);
const recipe = recipes.get(name);
if (recipe === undefined || directory === '') {
	process.stderr.write(`usage: layers/build.ts NAME DIRECTORY; NAME is one of ${[...recipes.keys()].join(', ')}\n`);
	process.exitCode = 2;
} else {
	await rm(path.join(directory, name), {recursive: true, force: true});
	process.stdout.write(`${await buildLayer(recipe, directory)}\n`);
}
