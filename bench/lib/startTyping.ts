import * as z from "zod";
import type { TerminalAddress } from "./openTerminal.ts";
import { startHelper } from "./startHelper.ts";

/** A terminal that somebody has open. */
export type OpenTerminal = {
  /** How long each of `count` keystrokes took to come back, in milliseconds. */
  echo(count: number, gapMs: number): Promise<number[]>;
  /** Types a line; resolves when a text is there. */
  enter(line: string, until: string): Promise<{ ms: number; bytes: number; snapshots: number }>;
  type(text: string): Promise<void>;
  stall(): Promise<void>;
  /** Ends what runs there, and the shell. */
  leave(): Promise<void>;
};

const Entered = z.object({ ms: z.number(), bytes: z.number(), snapshots: z.number() });

/** A process in which somebody sits at terminals. */
export function startTyping(): {
  open(address: TerminalAddress): Promise<OpenTerminal>;
  stop(): Promise<void>;
} {
  const helper = startHelper("lib/terminalProcess.ts");
  return {
    async open(address) {
      const id = await helper.ask("open", address, z.number());
      return {
        echo: (count, gapMs) => helper.ask("echo", { id, count, gapMs }, z.array(z.number())),
        enter: (line, until) => helper.ask("enter", { id, line, until }, Entered),
        type: (text) => helper.ask("type", { id, text }, z.undefined()),
        stall: () => helper.ask("stall", { id }, z.undefined()),
        leave: () => helper.ask("leave", { id }, z.undefined()),
      };
    },
    stop: helper.stop,
  };
}
