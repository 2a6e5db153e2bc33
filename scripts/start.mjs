// npm start: sets the checkout up, builds what is old, and runs Signalbox on this machine.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { setUp, useProjectNode } from "./setup.mjs";

await setUp();
await useProjectNode(fileURLToPath(import.meta.url));
const words = ["up", ...process.argv.slice(2)];
const program = new URL("../dist/agent.mjs", import.meta.url).href;
// What runs is left as it is: it says so, and `signalbox restart` takes a newer build.
const before = existsSync(fileURLToPath(program)) ? await import(program) : null;
if (before?.isUp?.() === true) process.exit(await before.main(words));
const { build } = await import("./build.mjs");
await build();
const { main } = await import(`${program}?built`);
process.exit(await main(words));
