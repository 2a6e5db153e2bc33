// npm start: sets the checkout up, builds what is old, and runs Signalbox on this machine.
import { fileURLToPath } from "node:url";
import { setUp, useProjectNode } from "./setup.mjs";

await setUp();
await useProjectNode(fileURLToPath(import.meta.url));
const { build } = await import("./build.mjs");
await build();
const { main } = await import("../dist/agent.mjs");
process.exitCode = await main(["up", ...process.argv.slice(2)]);
