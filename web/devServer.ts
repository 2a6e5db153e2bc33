import { startFixtureServer } from "./fixtures/startFixtureServer.ts";
import type { SceneName } from "./fixtures/scenes.ts";

/**
 * The page on fixtures instead of hosts, for work on the interface: `node web/devServer.ts [scene] [port]`.
 * It serves the built page; with `npm run dev` beside it on port 8787, the page of the source.
 */
const SCENES: SceneName[] = [
  "usual",
  "empty",
  "no-sessions",
  "no-tmux",
  "host-away",
  "many",
  "chats",
  "desk",
];

const [wanted = "usual", port = "8787"] = process.argv.slice(2);
const scene = SCENES.find((name) => name === wanted);
if (scene === undefined) {
  console.error(`There is no scene "${wanted}". There are: ${SCENES.join(", ")}.`);
  process.exit(1);
}
const server = await startFixtureServer({ scene, port: Number(port), lively: true });
console.log(`Fixtures (${scene}) on ${server.url}`);
process.on("SIGINT", () => void server.stop().then(() => process.exit(0)));
