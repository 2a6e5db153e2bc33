import manifest from "../package.json" with { type: "json" };

/** Version of the daemon and its command line. */
export const VERSION: string = manifest.version;
