import { setTimeout as sleep } from "node:timers/promises";
import type { Bench, Row } from "./lib/bench.ts";
import { interleave, medianOf, ratioOf, type Sample } from "./lib/interleave.ts";
import { watchMemory } from "./lib/memory.ts";
import { startProduct, startSides, type TerminalSide } from "./lib/terminalSides.ts";
import { startTyping } from "./lib/startTyping.ts";

/** 16.9 MB. */
const LINES = 2_250_000;
/** The echo of the line itself must not be taken for its end. */
const FLOOD = `seq 1 ${LINES}; echo fl""ood-over`;
const OVER = "flood-over";
const FLOOD_MB = 16.9;

const WARM_UPS = 4;
const VIEWERS = 8;
const STALLED_MS = 4_000;
const ENDLESS = "seq inf";

/** A pane that writes as fast as it can: how long until a viewer has all of it, and what it costs in memory. */
export const flood: Bench = {
  name: "flood",
  about: "17 MB through a pane to a viewer: time, and memory with a reading and a stalled viewer",
  async run(context) {
    const { rounds, say } = context;
    const sides = await startSides(context);
    const typing = startTyping();
    const rows: Row[] = [];
    try {
      say("flooding");
      const samples = await interleave(
        Object.fromEntries(sides.map((side) => [side.name, () => floodOnce(side, typing)])),
        rounds,
      );
      for (const peer of sides.slice(1).map(({ name }) => name)) {
        rows.push({
          what: `flood of ${FLOOD_MB} MB to a viewer`,
          value: medianOf(samples, "signalbox", "ms"),
          unit: "ms",
          beside: { name: peer, value: medianOf(samples, peer, "ms") },
          ratio: ratioOf(samples, "signalbox", peer, "ms"),
          ...(peer === "ttyd" ? { target: { atMost: 1.25 } } : {}),
        });
      }
      rows.push({
        what: "of the flood, arrived as output (the rest was replaced by a snapshot)",
        value: (medianOf(samples, "signalbox", "mb") / medianOf(samples, "tmux → socket", "mb")) * 100,
        unit: "%",
        target: { atLeast: 99.9 },
      });
      for (const side of sides) await side.stop();
      sides.length = 0;
      say("memory, with a viewer that reads and viewers that stall");
      const memory = await memoryUnderFlood(typing);
      rows.push(
        {
          what: "memory growth of the edge, flood with one viewer",
          value: memory.reading["edge"] ?? 0,
          unit: "MB",
          target: { atMost: 1 },
        },
        {
          what: "memory growth of the daemon, flood with one viewer",
          value: memory.reading["daemon"] ?? 0,
          unit: "MB",
          target: { atMost: 48 },
        },
        {
          what: `memory growth of the edge, flood with ${VIEWERS} stalled viewers, per viewer`,
          value: (memory.stalled["edge"] ?? 0) / VIEWERS,
          unit: "MB",
          target: { atMost: 1 },
        },
        {
          what: `memory growth of the daemon, flood with ${VIEWERS} stalled viewers`,
          value: memory.stalled["daemon"] ?? 0,
          unit: "MB",
          target: { atMost: 48 },
        },
      );
      return { rows, notes: [], details: { samples, memory } };
    } finally {
      await typing.stop();
      for (const side of sides) await side.stop();
    }
  },
};

type Typing = ReturnType<typeof startTyping>;

async function floodOnce(side: TerminalSide, typing: Typing): Promise<Sample> {
  const terminal = await typing.open(await side.make());
  const { ms, bytes, snapshots } = await terminal.enter(FLOOD, OVER);
  await terminal.leave();
  return { ms, mb: bytes / 1e6, snapshots };
}

/** Growth at the largest, in MB, of a product that has found its size: code compiled, heaps grown. */
async function memoryUnderFlood(typing: Typing) {
  const product = await startProduct();
  try {
    for (let i = 0; i < WARM_UPS; i++) await floodOnce(product, typing);
    const one = watchMemory(product.pids);
    await floodOnce(product, typing);
    const reading = one.growth();
    one.stop();

    const address = await product.make();
    const first = await typing.open(address);
    const others = await Promise.all(Array.from({ length: VIEWERS - 1 }, () => typing.open(address)));
    const many = watchMemory(product.pids);
    await first.type(`${ENDLESS}\r`);
    await sleep(500);
    for (const viewer of [first, ...others]) await viewer.stall();
    await sleep(STALLED_MS);
    const stalled = many.growth();
    many.stop();
    for (const viewer of [...others, first]) await viewer.leave();
    return { reading, stalled };
  } finally {
    await product.stop();
  }
}
