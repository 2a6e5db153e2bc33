import type { Bench, Row } from "./lib/bench.ts";
import { interleave, medianOf, ratioOf, type Sample } from "./lib/interleave.ts";
import { percentile } from "./lib/median.ts";
import type { TerminalAddress } from "./lib/openTerminal.ts";
import { startNarrowLink, type NarrowLink } from "./lib/startNarrowLink.ts";
import { startSides, type TerminalSide } from "./lib/terminalSides.ts";
import { startTyping } from "./lib/startTyping.ts";

const LINE = { bytesPerSecond: 2.5e6, roundTripMs: 40 };
const KEYS = 40;
const FLOOD = "seq inf";

/**
 * A viewer on a narrow line looks at a flood and types into another pane: both cross the same line. The peer has it
 * easier: its keystrokes have a line of their own.
 */
export const narrowLink: Bench = {
  name: "narrow-link",
  about: "a keystroke over a line of 2.5 MB/s and 40 ms that a flood shares",
  async run(context) {
    const { rounds, say } = context;
    const sides = await startSides(context);
    const typing = startTyping();
    const lines: NarrowLink[] = [];
    try {
      const lineTo = async (side: TerminalSide) => {
        const line = await startNarrowLink({ to: side.port, ...LINE });
        lines.push(line);
        return line;
      };
      const contenders: Record<string, () => Promise<Sample>> = {};
      for (const side of sides) {
        const keysLine = await lineTo(side);
        const floodLine = side.name === "signalbox" ? keysLine : await lineTo(side);
        const keys = await typing.open(through(keysLine, await side.make()));
        await keys.enter("exec cat", "\n");
        contenders[side.name] = async () => {
          const flood = await typing.open(through(floodLine, await side.make()));
          await flood.enter(FLOOD, "1000");
          const times = await keys.echo(KEYS, 5);
          // The effect of Ctrl-C in the flooded pane itself: its shell prints again.
          await flood.type("\u0003");
          const stop = await flood.enter('echo sto""pped', "stopped");
          await flood.leave();
          return { p50: percentile(times, 0.5), p99: percentile(times, 0.99), stop: stop.ms };
        };
      }
      say("typing over a narrow line that a flood shares");
      const samples = await interleave(contenders, rounds);
      const row = (what: string, name: string, peer: string): Row => ({
        what,
        value: medianOf(samples, "signalbox", name),
        unit: "ms",
        beside: { name: peer, value: medianOf(samples, peer, name) },
        ratio: ratioOf(samples, "signalbox", peer, name),
      });
      return {
        rows: sides.slice(1).flatMap(({ name: peer }): Row[] => {
          const own = `${peer}, a line of its own`;
          const isTarget = peer === "ttyd";
          return [
            {
              ...row("keystroke over a narrow line, p50", "p50", peer),
              beside: { name: own, value: medianOf(samples, peer, "p50") },
              ...(isTarget ? { target: { atMost: 1.1 } } : {}),
            },
            {
              ...row("keystroke over a narrow line, p99", "p99", peer),
              beside: { name: own, value: medianOf(samples, peer, "p99") },
              ...(isTarget ? { target: { atMost: 1.3 } } : {}),
            },
            row("Ctrl-C into the flood itself, until the shell answers", "stop", peer),
          ];
        }),
        notes: [
          `The line carries ${LINE.bytesPerSecond / 1e6} MB/s each way and a round trip takes ${LINE.roundTripMs} ms.`,
        ],
        details: samples,
      };
    } finally {
      await typing.stop();
      for (const line of lines) line.stop();
      for (const side of sides) await side.stop();
    }
  },
};

function through(line: NarrowLink, address: TerminalAddress): TerminalAddress {
  const url = new URL(address.url);
  url.port = String(line.port);
  return { ...address, url: url.href };
}
