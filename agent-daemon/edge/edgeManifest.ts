import { readFileSync } from "node:fs";
import * as z from "zod";
import { Sentence, say } from "../system/Sentence.ts";
import { distFiles } from "./homeFiles.ts";

/** `dist/worker/manifest.json`: what `scripts/build.mjs` took from wrangler.toml and migrations/, so that bindings live in one place. */
export const EdgeManifest = z.object({
  /** Worker options as Miniflare takes them, without the code. */
  options: z.looseObject({ assets: z.looseObject({}).optional() }),
  modules: z
    .array(z.object({ type: z.enum(["ESModule", "Text", "Data", "CompiledWasm"]), path: z.string() }))
    .min(1),
  /** D1 migrations in order, split into statements. */
  migrations: z.array(z.object({ name: z.string(), statements: z.array(z.string()) })),
});
export type EdgeManifest = z.infer<typeof EdgeManifest>;

/** Reads what the build left; throws a sentence when it is not there. */
export function readEdgeManifest(dist: string): EdgeManifest {
  const path = distFiles(dist).manifest;
  try {
    return EdgeManifest.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch (error) {
    throw new Sentence(`The edge is not built (${path}: ${say(error)}). Run: npm start`);
  }
}
