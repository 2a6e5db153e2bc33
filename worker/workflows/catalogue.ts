import { parseScript } from "./contract/parseScript.ts";

const SCRIPTS: string[] = [];

/** The workflows that are built in, by name. */
export const catalogue: ReadonlyMap<string, string> = new Map(
  SCRIPTS.map((script) => [parseScript(script).meta.name, script]),
);
