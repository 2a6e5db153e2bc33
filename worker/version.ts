import manifest from "../package.json";

/** Version of this deployment. */
export const VERSION: string = manifest.version;
