/** What `inspect` prints: a JSON array, or a line by a template for each. */

/** A format is read before anything else is. Templates are loaded only for who asks for one. */
export const viewsWriter = async (format: string): Promise<(views: readonly unknown[]) => string> => {
	if (format === 'json') {
		return views => `${JSON.stringify(views, undefined, 4)}\n`;
	}

	const {compileTemplate} = await import('./template.js');
	const render = compileTemplate(format);
	return views => views.map(view => `${render(view)}\n`).join('');
};
