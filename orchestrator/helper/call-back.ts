/**
 * Call what a user gave us while a frame is taken apart. What it throws is its own: it must neither break the connection,
 * on which other containers depend, nor get lost, so it surfaces as an uncaught exception.
 */
export const callBack = (call: () => void): void => {
	try {
		call();
	} catch (error) {
		queueMicrotask(() => {
			throw error;
		});
	}
};
