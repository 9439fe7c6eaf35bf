/** Everything that was measured; what a part hasn't measured isn't there. */

import type {Breakdown} from './breakdown.js';
import type {Growth} from './growth.js';
import type {Machine} from './machine.js';
import type {Memory} from './memory.js';
import type {NetworkFindings} from './network/measure.js';
import type {Absent, Peer} from './peers.js';
import type {Samples} from './statistics.js';

export interface Findings {
	machine: Machine;
	peers: Peer[];
	absent: Absent[];
	samples: Samples;
	memory?: Memory;
	growth?: Growth;
	breakdown?: Breakdown;
	network?: NetworkFindings;
}
