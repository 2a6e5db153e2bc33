import type { TerminalAddress } from "./openTerminal.ts";
import { sessionOfPane, startDaemon } from "./startDaemon.ts";
import { startEdge } from "./startEdge.ts";
import type { BenchContext } from "./bench.ts";
import { buildTtyd } from "../peers/buildTtyd.ts";
import { startWetty } from "../peers/startWetty.ts";
import { startRawTmux } from "../peers/startRawTmux.ts";
import { startTtyd } from "../peers/startTtyd.ts";

/** One way to reach a terminal: the product, or a peer. */
export type TerminalSide = {
  name: string;
  /** Makes a terminal that runs `sh`; where it is. */
  make(): Promise<TerminalAddress>;
  /** Processes whose memory counts, by name. */
  pids: Record<string, number>;
  /** TCP port that viewers connect to. */
  port: number;
  stop(): Promise<void>;
};

/** The edge, the daemon and tmux, as they run on one machine. */
export async function startProduct(): Promise<TerminalSide> {
  const edge = await startEdge();
  try {
    const daemon = await startDaemon(edge);
    return {
      name: "signalbox",
      async make() {
        const pane = await daemon.tmux(
          "new-session",
          "-d",
          "-P",
          "-F",
          "#{pane_id}",
          "-x",
          "80",
          "-y",
          "24",
          "/bin/sh",
        );
        const session = await sessionOfPane(edge, daemon.host, pane);
        return {
          kind: "signalbox",
          url: edge.socketUrl(`/api/sessions/${session}/console`),
          token: edge.token,
        };
      },
      pids: { edge: edge.workerdPid, daemon: daemon.pid },
      port: Number(new URL(edge.url).port),
      async stop() {
        await daemon.stop();
        await edge.stop();
      },
    };
  } catch (error) {
    await edge.stop();
    throw error;
  }
}

/** The product and what it is measured against: the limit that tmux itself sets, and ttyd, or wetty where there is no ttyd. */
export async function startSides({ ttyd, say }: BenchContext): Promise<TerminalSide[]> {
  if (ttyd) await buildTtyd(say);
  const sides: TerminalSide[] = [];
  try {
    sides.push(await startProduct());
    sides.push(await startRawTmux());
    sides.push((await startTtyd()) ?? (await startWetty(say)));
    return sides;
  } catch (error) {
    for (const side of sides) await side.stop();
    throw error;
  }
}
