import type { Bench, Row } from "./lib/bench.ts";
import {
  interleave,
  medianOf,
  ratioOf,
  type Contenders,
  type Sample,
  type Samples,
} from "./lib/interleave.ts";
import { percentile } from "./lib/median.ts";
import { startSides, type TerminalSide } from "./lib/terminalSides.ts";
import { startTyping, type OpenTerminal } from "./lib/startTyping.ts";

const KEYS = 200;
const GAP_MS = 3;
/** A pane that never stops. */
const FLOOD = "seq inf";

/** A keystroke's way to the screen: browser → edge → daemon → tmux and back, beside a terminal server without any of that. */
export const keystroke: Bench = {
  name: "keystroke",
  about: "a keystroke's echo, idle and while another pane floods",
  async run(context) {
    const { rounds, say } = context;
    const sides = await startSides(context);
    const typing = startTyping();
    const watching = startTyping();
    try {
      const open = async (side: TerminalSide) => ({ side, terminal: await typing.open(await side.make()) });
      const keys = await Promise.all(sides.map(open));
      for (const { terminal } of keys) await terminal.enter("exec cat", "\n");
      say("typing, idle");
      const idle = await interleave(
        contenders(keys, (terminal) => measure(terminal)),
        rounds,
      );
      say("typing while another pane floods");
      const busy = await interleave(
        Object.fromEntries(
          keys.map(({ side, terminal }) => [
            side.name,
            async () => {
              // Somebody looks at that pane, else it costs next to nothing; not the one who types, who would be busy drawing.
              const other = await watching.open(await side.make());
              await other.enter(FLOOD, "1000");
              const sample = await measure(terminal);
              await other.leave();
              return sample;
            },
          ]),
        ),
        rounds,
      );
      for (const { terminal } of keys) await terminal.leave();
      return {
        rows: [
          ...rowsOf("keystroke echo, idle", idle, 3, 3.5),
          ...rowsOf("keystroke echo while another pane floods", busy, 3, 3),
        ],
        notes: [],
        details: { idle, busy },
      };
    } finally {
      await Promise.all([typing.stop(), watching.stop()]);
      for (const side of sides) await side.stop();
    }
  },
};

type Opened = { side: TerminalSide; terminal: OpenTerminal };

function contenders(opened: Opened[], run: (terminal: OpenTerminal) => Promise<Sample>): Contenders {
  return Object.fromEntries(opened.map(({ side, terminal }) => [side.name, () => run(terminal)]));
}

async function measure(terminal: OpenTerminal): Promise<Sample> {
  const times = await terminal.echo(KEYS, GAP_MS);
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
}

/** The targets are against ttyd; the socket on tmux shows how much of the way is tmux's. */
function rowsOf(what: string, samples: Samples, p50: number, p99: number): Row[] {
  const peers = Object.keys(samples).filter((name) => name !== "signalbox");
  return (["p50", "p99"] as const).flatMap((quantile) =>
    peers.map((peer): Row => {
      const target = { atMost: quantile === "p50" ? p50 : p99 };
      return {
        what: `${what}, ${quantile}`,
        value: medianOf(samples, "signalbox", quantile),
        unit: "ms",
        beside: { name: peer, value: medianOf(samples, peer, quantile) },
        ratio: ratioOf(samples, "signalbox", peer, quantile),
        ...(peer === "ttyd" ? { target } : {}),
      };
    }),
  );
}
