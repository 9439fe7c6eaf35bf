/** A helper, spoken to in bytes. */

import type {ExecutionContext} from 'ava';
import {type Frame, FrameDecoder} from '../../orchestrator/helper/frame-decoder.js';
import type {Tag} from '../../orchestrator/helper/protocol.js';
import {Marked} from './marked.js';
import type {Privilege} from './support.js';

/** A helper, and what it says, frame by frame, without a connection in between. */
export class Raw {
	readonly helper: Marked;
	readonly frames: Frame[] = [];

	constructor(t: ExecutionContext, privilege: Privilege) {
		this.helper = new Marked(t, privilege);
		this.helper.socket.removeAllListeners('data');
		const decoder = new FrameDecoder();
		this.helper.socket.on('data', (chunk: Buffer) => {
			decoder.push(chunk, one => this.frames.push(one));
		});
	}

	/** The first frame, of those that came and will come, which is `found`. Throws where the helper ends before it. */
	async until(found: (frame: Frame) => boolean): Promise<Frame> {
		for (let at = 0; ;) {
			for (; at < this.frames.length; at++) {
				const one = this.frames[at];
				if (one !== undefined && found(one)) {
					return one;
				}
			}

			await new Promise<void>((resolve, reject) => {
				this.helper.socket.once('data', () => resolve());
				this.helper.socket.once('close', () => reject(new Error(`the helper went: ${this.frames.map(({kind, channel}) => `${kind}/${channel}`).join(' ')}`)));
			});
		}
	}
}

/** The value of the field TAG of a frame. */
export const valueOf = ({fields}: Frame, tag: Tag): unknown => fields.find(one => one.tag === tag)?.value;
