/** Makes this Node as large as a test author's that has worked for a while. */

export const LARGE_MB = 500;
const CHUNK = 8 << 20;
const OBJECTS = 20_000;

/** Half of it bytes outside V8's heap, half objects that its garbage collector has to walk through. */
export const growNode = (): unknown[] => {
	const held: unknown[] = [];
	while (process.memoryUsage.rss() < LARGE_MB << 20) {
		held.push(Buffer.alloc(CHUNK, held.length));
		held.push(Array.from({length: OBJECTS}, (_, index) => ({index, text: `item ${index}`, list: [index, index + 1]})));
	}

	return held;
};
