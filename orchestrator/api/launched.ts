/** What the handles hold: a process that was launched, and what is known of it. */

import type {Entrance} from '../container/entrance.js';
import type {Execution} from '../container/execution.js';
import type {Design} from '../container/prepare.js';

export interface Started {
	container: Execution;
	/** How others enter the same container. */
	entrance: Entrance;
	image: string;
	command: readonly string[];
}

/** A container's own process. */
export interface StartedContainer extends Started {
	design: Design;
}
