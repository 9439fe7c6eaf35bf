/** The network that needn't be made. */

/** Made when somebody first asks for it. */
export const DEFAULT_NETWORK = 'cloche';
