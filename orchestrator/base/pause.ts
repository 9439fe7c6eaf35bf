/** Waiting without letting go of the thread, for the few places that can't be asynchronous. */

let word: Int32Array | undefined;

/** Sleep for `milliseconds`. */
export const pauseSync = (milliseconds: number): void => {
	word ??= new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
	Atomics.wait(word, 0, 0, milliseconds);
};
