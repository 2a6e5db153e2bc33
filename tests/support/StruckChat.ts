import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { BrowserContext, Page } from "playwright-core";
import * as z from "zod";
import type { SessionEvent } from "../../protocol/events.ts";
import { newId } from "../../protocol/ids.ts";
import { Session } from "../../protocol/session.ts";
import type { Random } from "../../protocol/testing/mutate.ts";
import { Follower } from "./Follower.ts";
import { readLog } from "./readLog.ts";
import { ApiFailure, until, type Signalbox } from "./signalbox.ts";

type Item = Extract<SessionEvent, { type: "item" }>;
type Options = {
  signalbox: Signalbox;
  host: string;
  cwd: string;
  context: BrowserContext;
  /** Where the pages and the follower reach the edge. */
  url: string;
  random: Random;
  number: number;
};

/** A turn that has ended: when, and in what states its calls are. */
export type EndedTurn = { began: number; ended: number; states: string[] };

const ENDS = new Set(["turn_completed", "turn_failed", "turn_cancelled"]);

/**
 * A chat that is worked with while everything under it is struck: an open page, a follower of its log, turns with three
 * calls of which two are privileged and write their name to a file. Half of the chats are decided on their page.
 */
export class StruckChat {
  readonly id: string;
  readonly page: Page;
  readonly trail: string;
  readonly #options: Options;
  readonly #follower: Follower;
  #turns = 0;

  private constructor(id: string, page: Page, options: Options) {
    this.id = id;
    this.page = page;
    this.#options = options;
    this.trail = join(options.cwd, `trail-${options.number}`);
    this.#follower = new Follower(options.url, id, options.signalbox.token);
  }

  static async begin(options: Options): Promise<StruckChat> {
    const { signalbox, host, cwd, context, url } = options;
    const { id } = await signalbox.api(Session, "/api/sessions", { body: { provider: "edge", host, cwd } });
    const page = await context.newPage();
    await page.goto(`${url}/sessions/${id}`);
    await page.getByTestId("empty-chat").waitFor({ timeout: 60_000 });
    const chat = new StruckChat(id, page, options);
    appendFileSync(chat.trail, "");
    return chat;
  }

  /** What the log says now, as far as the follower has it. */
  get events(): readonly SessionEvent[] {
    return this.#follower.events;
  }

  /** Where the running turn is; null between turns. */
  get stage(): "model" | "waiting" | "on the host" | null {
    const last = this.events.findLast(({ type }) => type === "turn_started" || ENDS.has(type));
    if (last?.type !== "turn_started") return null;
    const states = [...itemsOf(this.events).values()].flatMap(({ turn, item }) =>
      turn === last.turn && item.kind === "call" ? [item.state] : [],
    );
    if (states.includes("waiting")) return "waiting";
    return states.includes("dispatched") ? "on the host" : "model";
  }

  /** Says something with three calls, allows what asks to be allowed, and waits for the turn's end. */
  async turn(): Promise<EndedTurn> {
    const { signalbox, random } = this.#options;
    const number = ++this.#turns;
    const began = Date.now();
    const call = (word: string) => {
      const pause = random.pick(["0", "0.2", "0.8"]);
      return `run sh -c "echo ${number}${word} >> ${this.trail}; sleep ${pause}"`;
    };
    const together = random.below(2) === 0;
    const text = ["slow 3", call("a"), "list", `${together ? "" : "then "}${call("b")}`, "then slow 4"];
    await signalbox.api(z.unknown(), `/api/sessions/${this.id}/messages`, {
      body: { text: text.join("\n"), id: newId("msg") },
    });
    const end = await until(
      `turn ${number} of ${this.id} to end (it is ${this.stage ?? "not running"})`,
      async () => {
        await this.#decide();
        return this.events.find((event) => ENDS.has(event.type) && "turn" in event && event.turn === number);
      },
      180_000,
    ).catch(async (error: unknown) => {
      const log = await readLog(signalbox, this.id);
      throw new Error(`Its log ends with ${JSON.stringify(log.slice(-6))}`, { cause: error });
    });
    const states = [...itemsOf(this.events).values()].flatMap(({ turn, item }) =>
      turn === number && item.kind === "call" ? [item.state] : [],
    );
    return { began, ended: end.at, states };
  }

  async #decide(): Promise<void> {
    const { signalbox, random, number } = this.#options;
    if (random.below(4) !== 0) return; // a person takes a moment
    if (number % 2 === 0) {
      // A page that has just lost its edge may refuse to answer: then the next look clicks again.
      await this.page
        .evaluate(() => {
          for (const button of document.querySelectorAll<HTMLButtonElement>('[data-testid="allow-once"]'))
            if (!button.disabled) button.click();
        })
        .catch(() => undefined);
      return;
    }
    const pending = new Set<string>();
    for (const event of this.events)
      if (event.type === "approval")
        if (event.approval.status === "pending") pending.add(event.approval.id);
        else pending.delete(event.approval.id);
    for (const id of pending)
      await signalbox
        .api(z.unknown(), `/api/approvals/${id}/decision`, { body: { decision: "allow" } })
        .catch((error: unknown) => {
          // An answer that was lost on the way: it is decided, and the log says so.
          if (!(error instanceof ApiFailure) || ![404, 409].includes(error.status)) throw error;
        });
  }

  /** What is not as it must be, once all turns have ended. */
  async problems(): Promise<string[]> {
    const log = await readLog(this.#options.signalbox, this.id);
    await until("the follower to have it all", () => this.events.at(-1)?.seq === log.at(-1)?.seq);
    const found: string[] = [];
    const check = (holds: boolean, what: string) =>
      holds || found.push(`chat ${this.#options.number}: ${what}`);
    check(this.#follower.problem === null, String(this.#follower.problem));
    check(
      log.every(({ seq }, i) => seq === i + 1),
      "the log has a hole or a double",
    );
    const items = [...itemsOf(log).values()];
    const ran = readFileSync(this.trail, "utf8").split("\n").filter(Boolean);
    check(new Set(ran).size === ran.length, `a call ran twice: ${ran.join(" ")}`);
    for (let turn = 1; turn <= this.#turns; turn++) {
      const own = items.filter((each) => each.turn === turn);
      const kinds = Map.groupBy(own, ({ item }) => item.kind);
      check(kinds.get("user_message")?.length === 1, `turn ${turn} was not said once`);
      check(kinds.get("call")?.length === 3, `turn ${turn} has not three calls`);
      const ends = log.filter((event) => ENDS.has(event.type) && "turn" in event && event.turn === turn);
      check(
        ends.length === 1 && ends[0]?.type === "turn_completed",
        `turn ${turn} did not end once, and well`,
      );
      for (const { item } of kinds.get("call") ?? []) {
        if (item.kind !== "call") continue;
        const { state } = item;
        check(state === "completed" || state === "indeterminate", `turn ${turn}: a call is ${state}`);
        const word = /echo (\w+)/.exec(item.input)?.[1];
        if (word !== undefined && state === "completed")
          check(ran.includes(word), `${word} is completed and did not run`);
      }
    }
    check(
      new Set(log.flatMap((event) => (event.type === "turn_started" ? [event.turn] : []))).size ===
        this.#turns,
      "there is a turn that nobody began",
    );
    const expected = linesOf(log);
    const shown = await this.#shown(expected);
    for (let i = 0; i < Math.max(shown.length, expected.length); i++)
      check(shown[i] === expected[i], `line ${i} shows ${shown[i]} instead of ${expected[i]}`);
    return found;
  }

  /** Every line of the page, from the first on; only what is near is drawn, and what is older is fetched. */
  async #shown(expected: string[]): Promise<string[]> {
    const list = this.page.getByTestId("conversation");
    const lines = new Map<number, string>();
    const top = async () => {
      await list.evaluate((box) => (box.scrollTop = 0));
      return (await list.evaluate(readDrawn)).drawn[0]?.line === expected[0];
    };
    const all = async () => {
      const { drawn, atEnd } = await list.evaluate(readDrawn);
      for (const { index, line } of drawn) lines.set(index, line);
      await list.evaluate((box) => (box.scrollTop += box.clientHeight / 2));
      return atEnd && lines.size >= expected.length;
    };
    await until("the first line", top, 20_000).catch(() => null); // the comparison says what is missing
    await until("all lines", all, 20_000).catch(() => null);
    return [...lines].sort(([a], [b]) => a - b).map(([, line]) => line);
  }

  stop(): void {
    this.#follower.stop();
  }
}

/** The newest state of each item, in the order in which they first came. */
function itemsOf(events: readonly SessionEvent[]): Map<string, Item> {
  const items = new Map<string, Item>();
  for (const event of events) if (event.type === "item") items.set(`${event.turn} ${event.id}`, event);
  return items;
}

/** What a page that shows exactly this log shows, line by line. */
function linesOf(log: readonly SessionEvent[]): string[] {
  const lines = new Map<string, string>();
  for (const event of log) {
    if (event.type === "turn_completed") lines.set(`turn ${event.turn}`, "done");
    if (event.type !== "item") continue;
    const { item } = event;
    const said =
      item.kind === "call"
        ? item.state
        : item.kind === "message" || item.kind === "user_message"
          ? item.text
          : "";
    lines.set(`item ${event.turn} ${event.id}`, said.replace(/[^a-z0-9]/gi, ""));
  }
  return [...lines].map((line) => line.join(": "));
}

/** Runs in the page: the lines that are drawn now, as {@link linesOf} has them. */
function readDrawn(box: HTMLElement | SVGElement) {
  const drawn = [...box.querySelectorAll<HTMLElement>('[data-testid="entry"]')].map((entry) => {
    const state = entry.querySelector<HTMLElement>("[data-state]")?.dataset.state ?? "";
    const copy = document.createElement("div");
    copy.innerHTML = entry.innerHTML;
    for (const extra of copy.querySelectorAll("button, .sr-only")) extra.remove();
    const kind = entry.dataset.kind ?? "";
    const said = ["call", "turn"].includes(kind)
      ? state
      : kind === "reasoning"
        ? ""
        : (copy.textContent ?? "");
    return {
      index: Number(entry.closest<HTMLElement>("[data-index]")?.dataset.index),
      line: `${entry.dataset.key}: ${said.replace(/[^a-z0-9]/gi, "")}`,
    };
  });
  const atEnd = box.scrollHeight - box.clientHeight - box.scrollTop <= 1;
  return { drawn, atEnd };
}
