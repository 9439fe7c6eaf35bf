/** What Cloche itself says, on standard error: one line, with our name before it, so that it isn't taken for the payload's. */

export const warn = (message: string): void => {
	process.stderr.write(`cloche: ${message}\n`);
};
