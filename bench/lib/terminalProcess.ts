import * as z from "zod";
import { serveHelper } from "./serveHelper.ts";
import { openTerminal, TerminalAddress, type Terminal } from "./openTerminal.ts";
import { setTimeout as sleep } from "node:timers/promises";

/** Somebody at a terminal: types, and looks when what was typed has its effect. In a process of its own, so that only it is late when it is. */
const Echo = z.object({ id: z.number(), count: z.number(), gapMs: z.number() });
const Enter = z.object({ id: z.number(), line: z.string(), until: z.string() });
const Type = z.object({ id: z.number(), text: z.string() });
const Stall = z.object({ id: z.number() });

/** A keystroke without an echo for so long is given up and counted as this. */
const LIMIT_MS = 5_000;

const terminals = new Map<number, Terminal>();
let lastId = 0;

function terminal(id: number): Terminal {
  const found = terminals.get(id);
  if (found === undefined) throw new Error(`there is no terminal ${id}`);
  return found;
}

serveHelper({
  async open(input) {
    const opened = await openTerminal(TerminalAddress.parse(input));
    terminals.set(++lastId, opened);
    return lastId;
  },
  /** Types letters, each once the one before is there; how long each took to come back, in milliseconds. */
  async echo(input) {
    const { id, count, gapMs } = Echo.parse(input);
    const at = terminal(id);
    const times: number[] = [];
    for (let i = 0; i < count; i++) {
      const letter = Buffer.from([97 + (i % 26)]);
      const seen = at.waitFor(letter, LIMIT_MS);
      const began = performance.now();
      at.type(letter);
      times.push(((await seen) ?? began + LIMIT_MS) - began);
      // A line that is never ended would grow beyond what a terminal takes.
      if (i % 26 === 25) await enter(at, "", "\n");
      await sleep(gapMs);
    }
    return times;
  },
  /** Types a line and waits for a text; how long that took, what came meanwhile, and how often the screen was drawn anew. */
  async enter(input) {
    const { id, line, until } = Enter.parse(input);
    const at = terminal(id);
    const before = { ...at.seen };
    const ms = await enter(at, line, until, 120_000);
    return { ms, bytes: at.seen.bytes - before.bytes, snapshots: at.seen.snapshots - before.snapshots };
  },
  type(input) {
    const { id, text } = Type.parse(input);
    terminal(id).type(Buffer.from(text));
  },
  /** From now on it takes nothing in. */
  stall(input) {
    terminal(Stall.parse(input).id).stall();
  },
  async leave(input) {
    const { id } = Stall.parse(input);
    const at = terminal(id);
    at.type(Buffer.from("\u0003"));
    // The shell throws away what is typed right after the interrupt.
    await sleep(100);
    at.type(Buffer.from("exit\r"));
    await sleep(50);
    await at.close();
    terminals.delete(id);
  },
});

async function enter(at: Terminal, line: string, until: string, limitMs = LIMIT_MS): Promise<number> {
  const seen = at.waitFor(Buffer.from(until), limitMs);
  const began = performance.now();
  at.type(Buffer.from(`${line}\r`));
  const then = await seen;
  if (then === null) throw new Error(`"${until}" did not come within ${limitMs} ms`);
  return then - began;
}
