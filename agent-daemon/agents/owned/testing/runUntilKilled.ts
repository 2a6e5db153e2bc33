import { writeSync } from "node:fs";
import { startOwnedHarness } from "./ownedHarness.ts";

// A daemon for tests to kill: asks for the same whenever it is started (as an edge sends commands until it knows their
// results), and says when it is up, and when all of it is over. Arguments: directory, program, rounds, sessions…
const [, , dir = "", claude = "", rounds = "0", ...sessions] = process.argv;
const host = await startOwnedHarness({ dir, agents: { claude } });
writeSync(1, "up\n");

async function talk(session: string, number: number): Promise<void> {
  await host.start({ agent: "claude", cwd: "/" }, session);
  for (let round = 0; round < Number(rounds); round++) {
    const id = `${number}-${round}`;
    await host.say(session, id, `cmd_say_${id}`);
    const request = await host.request(session, round);
    const allow = round % 3 !== 2;
    const result = await host.decide(session, request.id, { allow }, `cmd_decide_${id}`);
    if (result.status !== "done") throw new Error(`${id}: ${JSON.stringify(result)}`);
    await host.turns(session, round + 1);
  }
}

await Promise.all(sessions.map(talk));
for (const session of sessions) await host.run(session, { type: "kill" });
writeSync(1, "ended\n");
await host.stop();
