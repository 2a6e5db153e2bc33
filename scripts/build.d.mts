/** The daemon and command line as one file that needs nothing beside it. */
export function bundleAgent(outfile: string): Promise<void>;
