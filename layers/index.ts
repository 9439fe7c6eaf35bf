/** The recipes of base layers, by name. */

import type {Recipe} from '../orchestrator/image/recipe.js';
import {busybox} from './busybox.js';

export const recipes: ReadonlyMap<string, Recipe> = new Map([[busybox.name, busybox]]);
