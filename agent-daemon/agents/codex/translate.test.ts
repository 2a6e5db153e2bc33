import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { EventBody } from "../../../protocol/events.ts";
import type { Item, Usage } from "../../../protocol/events.ts";
import { MAX_EVENT_BYTES, MAX_OUTPUT_BYTES } from "../../../protocol/limits.ts";
import { seededRandom } from "../../testing/seededRandom.ts";
import { fitEvent } from "./fitEvent.ts";
import { endTurn, NO_FINAL_EVENT, startTurn, translateLine, TurnState } from "./translate.ts";
import type { JobEnd } from "./translate.ts";

const WELL: JobEnd = { code: 0, signal: null, stopped: false, reason: null };
const EXIT_1: JobEnd = { ...WELL, code: 1 };

function recorded(name: string): string[] {
  const text = readFileSync(join(import.meta.dirname, "fixtures", `${name}.jsonl`), "utf8");
  return text.split("\n").filter((line) => line !== "");
}

type Resume = { thread: string; total: Usage | null };

/** Runs a turn through the translator, with its state stored and read again after every line. */
function play(lines: string[], end: JobEnd | null, options: { turn?: number; resume?: Resume | null } = {}) {
  const first = startTurn({ turn: options.turn ?? 1, prompt: "do it", resume: options.resume ?? null });
  let state = first.state;
  const events = [...first.events];
  for (const line of lines) {
    const step = translateLine(TurnState.parse(JSON.parse(JSON.stringify(state))), line);
    state = step.state;
    events.push(...step.events);
  }
  if (end !== null) {
    const step = endTurn(state, end);
    state = step.state;
    events.push(...step.events);
  }
  for (const event of events) expect(EventBody.safeParse(event).error).toBeUndefined();
  return { state, events };
}

/** Events in short: what a table can hold. */
function brief(events: EventBody[]): string[] {
  return events.map((event) => {
    switch (event.type) {
      case "status":
        return `status ${event.status}`;
      case "turn_started":
        return `turn ${event.turn} started`;
      case "turn_completed":
        return `turn ${event.turn} completed ${event.usage?.input_tokens ?? "?"}/${event.usage?.cached_input_tokens ?? "?"}/${event.usage?.output_tokens ?? "?"}`;
      case "turn_failed":
        return `turn ${event.turn} failed: ${event.message}`;
      case "ended":
        return `ended ${event.status} ${event.exit.code ?? event.exit.signal}: ${event.exit.message ?? ""}`;
      case "notice":
        return `${event.level}: ${event.message}`;
      case "item":
        return `${event.id} ${itemInBrief(event.item)}`;
      default:
        return event.type;
    }
  });
}

function itemInBrief(item: Item): string {
  switch (item.kind) {
    case "command":
      return `command ${item.command} → ${item.status} ${item.exit_code} ${JSON.stringify(item.output)}`;
    case "file_change":
      return `${item.changes.map(({ change, path }) => `${change} ${path}`).join()} ${item.status}`;
    case "tool":
      return `tool ${item.name} ${item.input} → ${item.status} ${item.output ?? item.error}`;
    case "plan":
      return `plan ${item.steps.map(({ text, done }) => `${done ? "x" : "-"}${text}`).join()}`;
    case "web_search":
      return `search ${item.query}`;
    case "other":
      return `other ${item.name}: ${item.json}`;
    default:
      return "text" in item ? `${item.kind} ${item.text.split("\n")[0]}` : item.kind;
  }
}

const BEGIN = ["status working", "t1.prompt user_message do it"];

describe("recorded transcripts", () => {
  const table: { name: string; end: JobEnd; events: string[] }[] = [
    {
      name: "text",
      end: WELL,
      events: [
        "turn 1 started",
        "t1.item_0 message echo: hello",
        "turn 1 completed 9133/0/3",
        "ended done 0: ",
      ],
    },
    {
      name: "stdin",
      end: WELL,
      events: [
        "turn 1 started",
        "t1.item_0 message echo: stdin prompt",
        "turn 1 completed 9135/2176/5",
        "ended done 0: ",
      ],
    },
    {
      name: "run",
      end: WELL,
      events: [
        "turn 1 started",
        "t1.item_0 reasoning I should list files",
        `t1.item_1 command /bin/bash -lc 'echo hi; ls /home/user | head -3; exit 3' → in_progress null ""`,
        `t1.item_1 command /bin/bash -lc 'echo hi; ls /home/user | head -3; exit 3' → failed 3 "hi\\nnotes.txt\\nproject\\ntodo.txt\\n"`,
        `t1.item_2 command /bin/bash -lc 'echo second' → in_progress null ""`,
        `t1.item_2 command /bin/bash -lc 'echo second' → completed 0 "second\\n"`,
        "t1.item_3 message tool said: Chunk ID: ad1646",
        "turn 1 completed 27922/20480/70",
        "ended done 0: ",
      ],
    },
    {
      name: "patch",
      end: WELL,
      events: [
        "turn 1 started",
        "t1.item_0 add /home/user/project/new.txt in_progress",
        "t1.item_0 add /home/user/project/new.txt completed",
        "t1.item_1 update /home/user/project/new.txt in_progress",
        "t1.item_1 update /home/user/project/new.txt completed",
        "t1.item_2 message tool said: Exit code: 0",
        "turn 1 completed 27802/20480/67",
        "ended done 0: ",
      ],
    },
    {
      name: "mcp",
      end: WELL,
      events: [
        "turn 1 started",
        `t1.item_0 tool echo.echo {"text":"yo"} → in_progress null`,
        `t1.item_0 tool echo.echo {"text":"yo"} → completed mcp-echo:yo`,
        "t1.item_1 message tool said: Wall time: 0.0021 seconds",
        "turn 1 completed 19335/12288/20",
        "ended done 0: ",
      ],
    },
    ...(["sandbox-denied", "sandbox-read-only", "sandbox-workspace-write"] as const).map((name) => ({
      name,
      end: WELL,
      // What the sandbox denies is in no item; only the model's text tells of it.
      events: [
        "turn 1 started",
        expect.stringContaining("t1.item_0 message tool said") as string,
        expect.stringContaining("turn 1 completed 18") as string,
        "ended done 0: ",
      ],
    })),
    {
      name: "fail400",
      end: EXIT_1,
      events: [
        "turn 1 started",
        "error: bad things",
        "turn 1 failed: bad things",
        "ended trouble 1: bad things",
      ],
    },
    {
      name: "fail429",
      end: EXIT_1,
      events: [
        "turn 1 started",
        "error: exceeded retry limit, last status: 429 Too Many Requests",
        "turn 1 failed: exceeded retry limit, last status: 429 Too Many Requests",
        "ended trouble 1: exceeded retry limit, last status: 429 Too Many Requests",
      ],
    },
    {
      name: "failsse",
      end: EXIT_1,
      events: [
        "turn 1 started",
        "warning: Reconnecting... 1/1 (stream disconnected before completion: boom)",
        "error: stream disconnected before completion: boom",
        "turn 1 failed: stream disconnected before completion: boom",
        "ended trouble 1: stream disconnected before completion: boom",
      ],
    },
    {
      name: "drop",
      end: EXIT_1,
      events: [
        "turn 1 started",
        "warning: Reconnecting... 1/1 (stream disconnected before completion: error sending request)",
        "error: stream disconnected before completion: error sending request",
        "turn 1 failed: stream disconnected before completion: error sending request",
        "ended trouble 1: stream disconnected before completion: error sending request",
      ],
    },
    {
      name: "sigINT",
      end: EXIT_1,
      events: [
        "turn 1 started",
        `turn 1 failed: ${NO_FINAL_EVENT} (code 1)`,
        `ended trouble 1: ${NO_FINAL_EVENT} (code 1)`,
      ],
    },
    {
      name: "sigTERM",
      end: { ...WELL, code: null, signal: "SIGTERM" },
      events: [
        "turn 1 started",
        `turn 1 failed: ${NO_FINAL_EVENT} (SIGTERM)`,
        `ended trouble SIGTERM: ${NO_FINAL_EVENT} (SIGTERM)`,
      ],
    },
    {
      name: "sigKILL",
      end: { ...WELL, code: null, signal: "SIGKILL" },
      events: [
        "turn 1 started",
        `turn 1 failed: ${NO_FINAL_EVENT} (SIGKILL)`,
        `ended trouble SIGKILL: ${NO_FINAL_EVENT} (SIGKILL)`,
      ],
    },
  ];

  it.each(table)("$name", ({ name, end, events }) => {
    expect(brief(play(recorded(name), end).events)).toEqual([...BEGIN, ...events]);
  });

  it("counts the tokens of each turn, which Codex counts over the thread", () => {
    const first = play(recorded("run"), WELL);
    const resumed = (state: TurnState): Resume => ({ thread: state.thread ?? "", total: state.total });
    const second = play(recorded("resume"), WELL, { turn: 2, resume: resumed(first.state) });
    const third = play(recorded("resume2"), WELL, { turn: 3, resume: resumed(second.state) });
    const usages = [first, second, third].map(({ events }) =>
      events.flatMap((event) => (event.type === "turn_completed" ? [event.usage] : [])),
    );
    expect(usages).toEqual([
      [usage(27922, 20480, 70, 5)],
      [usage(37467 - 27922, 29824 - 20480, 5, 0)],
      [usage(56829 - 37467, 48896 - 29824, 44, 0)],
    ]);
    expect(first.state.thread).toBe(third.state.thread);
    const ids = [first, second, third].flatMap(({ events }) =>
      events.flatMap((event) => (event.type === "item" ? [event.id] : [])),
    );
    expect(new Set(ids)).toEqual(
      new Set(
        ["t1.prompt", "t1.item_0", "t1.item_1", "t1.item_2", "t1.item_3", "t2.prompt", "t2.item_0"].concat([
          "t3.prompt",
          "t3.item_0",
          "t3.item_1",
        ]),
      ),
    );
  });

  it("says that it does not know the tokens of a turn whose thread it has not seen before", () => {
    const { events, state } = play(recorded("resume"), WELL, {
      resume: { thread: "01a1f743-c7f8-7f12-8721-f4d74b0a5e3f", total: null },
    });
    expect(brief(events)).toContain("turn 1 completed ?/?/?");
    expect(state.total?.input_tokens).toBe(37467); // the next turn knows
  });

  it("does not take another thread's tokens for those of the one it asked for", () => {
    const { events } = play(recorded("resume"), WELL, {
      resume: { thread: "another", total: usage(1, 1, 1, 1) },
    });
    expect(brief(events)).toContain("turn 1 completed ?/?/?");
  });

  it("takes a count that went down for a new beginning", () => {
    const thread = "01a1f743-c7f8-7f12-8721-f4d74b0a5e3f";
    const { events } = play(recorded("resume"), WELL, { resume: { thread, total: usage(99999, 9, 9, 0) } });
    expect(brief(events)).toContain("turn 1 completed 37467/29824/75");
  });
});

function usage(input: number, cached: number, output: number, reasoning: number): Usage {
  return {
    input_tokens: input,
    cached_input_tokens: cached,
    cache_write_input_tokens: 0,
    output_tokens: output,
    reasoning_output_tokens: reasoning,
  };
}

function itemLine(item: Record<string, unknown>, phase = "item.completed"): string {
  return JSON.stringify({ type: phase, item });
}

describe("items", () => {
  it.each([
    [
      {
        id: "a",
        type: "todo_list",
        items: [
          { text: "one", completed: true },
          { text: "two", completed: false },
        ],
      },
      "t1.a plan xone,-two",
    ],
    [{ id: "a", type: "web_search", query: "weather" }, "t1.a search weather"],
    [{ id: "a", type: "error", message: "a warning" }, "t1.a warning a warning"],
    [
      { id: "a", type: "file_change", changes: [{ path: "/p", kind: "delete" }], status: "failed" },
      "t1.a delete /p failed",
    ],
    [
      {
        id: "a",
        type: "mcp_tool_call",
        server: "s",
        tool: "t",
        arguments: null,
        result: null,
        error: { message: "no" },
        status: "failed",
      },
      "t1.a tool s.t null → failed no",
    ],
    [
      {
        id: "a",
        type: "mcp_tool_call",
        server: "s",
        tool: "t",
        result: { content: [{ type: "image", data: "…" }], structured_content: null },
        status: "completed",
      },
      `t1.a tool s.t  → completed {"type":"image","data":"…"}`,
    ],
    [{ type: "agent_message", text: "without an id" }, "t1.line_1 message without an id"],
    [
      { id: "a", type: "hologram", x: 1 },
      `t1.a other hologram: {"type":"item.completed","item":{"id":"a","type":"hologram","x":1}}`,
    ],
    [
      { id: "a", type: "command_execution", command: 7 },
      `t1.a other command_execution: {"type":"item.completed","item":{"id":"a","type":"command_execution","command":7}}`,
    ],
  ])("%j", (item, expected) => {
    expect(brief(play([itemLine(item)], null).events)).toEqual([...BEGIN, expected]);
  });

  it("shows a warning that comes before the turn", () => {
    const lines = [
      itemLine({ id: "item_0", type: "error", message: "careful" }),
      ...recorded("text").slice(1),
    ];
    expect(brief(play(lines, WELL).events).slice(2, 4)).toEqual([
      "t1.item_0 warning careful",
      "turn 1 started",
    ]);
  });

  it("updates a plan under the same id", () => {
    const list = (done: boolean) => ({
      id: "item_0",
      type: "todo_list",
      items: [{ text: "x", completed: done }],
    });
    const lines = [itemLine(list(false), "item.started"), itemLine(list(true), "item.updated")];
    expect(brief(play(lines, null).events).slice(2)).toEqual(["t1.item_0 plan -x", "t1.item_0 plan xx"]);
  });

  it("closes what was open when the process died, and only that", () => {
    const command = {
      type: "command_execution",
      command: "make",
      aggregated_output: "",
      status: "in_progress",
    };
    const lines = [
      ...recorded("sigKILL"),
      itemLine({ ...command, id: "item_0" }, "item.started"),
      itemLine({ ...command, id: "item_1" }, "item.started"),
      itemLine({ ...command, id: "item_0", status: "completed", exit_code: 0 }),
    ];
    const { events, state } = play(lines, { ...WELL, code: null, signal: "SIGKILL" });
    expect(brief(events).slice(-3)).toEqual([
      `t1.item_1 command make → failed null ""`,
      `turn 1 failed: ${NO_FINAL_EVENT} (SIGKILL)`,
      `ended trouble SIGKILL: ${NO_FINAL_EVENT} (SIGKILL)`,
    ]);
    expect(state.open).toEqual([]);
  });
});

describe("the end", () => {
  it.each<[string, string[], JobEnd, string[]]>([
    [
      "stopped by a person",
      recorded("sigINT"),
      { ...EXIT_1, stopped: true },
      ["turn 1 failed: stopped", "ended done 1: stopped"],
    ],
    [
      "stopped after it was done",
      recorded("text"),
      { ...EXIT_1, stopped: true },
      ["turn 1 completed 9133/0/3", "ended done 1: "],
    ],
    [
      "failed, then stopped",
      recorded("fail400"),
      { ...EXIT_1, stopped: true },
      ["turn 1 failed: bad things", "ended trouble 1: bad things"],
    ],
    [
      "done, but ended with a code",
      recorded("text"),
      { ...WELL, code: 3 },
      ["turn 1 completed 9133/0/3", "ended trouble 3: ended with code 3 after its turn was completed"],
    ],
    [
      "done, and nobody saw how the process ended",
      recorded("text"),
      { ...WELL, code: null },
      ["turn 1 completed 9133/0/3", "ended done null: "],
    ],
    [
      "nothing at all",
      [],
      { ...WELL, code: null },
      [`turn 1 failed: ${NO_FINAL_EVENT}`, `ended trouble null: ${NO_FINAL_EVENT}`],
    ],
    [
      "never ran",
      [],
      { ...WELL, code: null, reason: "codex was not found" },
      ["turn 1 failed: codex was not found", "ended trouble null: codex was not found"],
    ],
    [
      "died while it was retrying",
      recorded("failsse").slice(0, 3),
      { ...WELL, code: null, signal: "SIGKILL" },
      [
        `turn 1 failed: ${NO_FINAL_EVENT} (SIGKILL): Reconnecting... 1/1 (stream disconnected before completion: boom)`,
        `ended trouble SIGKILL: ${NO_FINAL_EVENT} (SIGKILL): Reconnecting... 1/1 (stream disconnected before completion: boom)`,
      ],
    ],
  ])("%s", (_name, lines, end, expected) => {
    expect(brief(play(lines, end).events).slice(-2)).toEqual(expected);
  });
});

describe("what it must not trust", () => {
  it("cuts the middle of a long output and counts what is gone", () => {
    const output = `first\n${"ü".repeat(200_000)}\nlast`;
    const line = itemLine({
      id: "a",
      type: "command_execution",
      command: "c",
      aggregated_output: output,
      exit_code: 0,
      status: "completed",
    });
    const { events } = play([line], null);
    const event = events.at(-1);
    if (event?.type !== "item" || event.item.kind !== "command") throw new Error("no command");
    const { item } = event;
    expect(Buffer.byteLength(item.output)).toBeLessThanOrEqual(MAX_OUTPUT_BYTES);
    expect(item.output).toMatch(/^first\nü+\n\[… \d+ bytes cut …\]\nü+\nlast$/);
    const kept = Buffer.byteLength(item.output.replace(/\n\[… \d+ bytes cut …\]\n/, ""));
    expect(kept + item.output_cut).toBe(Buffer.byteLength(output));
  });

  it.each([
    ["a message", { type: "agent_message", text: "x".repeat(3 * MAX_EVENT_BYTES) }],
    ["a message of control characters", { type: "agent_message", text: "\u0001".repeat(MAX_EVENT_BYTES) }],
    [
      "a change of many files",
      {
        type: "file_change",
        status: "completed",
        changes: Array.from({ length: 20_000 }, (_, i) => ({
          path: `/${i}${"\u0001".repeat(i < 50 ? 7000 : 0)}`,
          kind: "add",
        })),
      },
    ],
    [
      "a plan",
      {
        type: "todo_list",
        items: Array.from({ length: 20_000 }, (_, i) => ({ text: `step ${i}`, completed: false })),
      },
    ],
    [
      "a tool",
      {
        type: "mcp_tool_call",
        server: "s".repeat(300_000),
        tool: "t",
        arguments: { a: "\u0002".repeat(300_000) },
        result: { content: [{ type: "text", text: "\u0003".repeat(500_000) }] },
        error: { message: "e".repeat(300_000) },
        status: "failed",
      },
    ],
    ["an unknown item", { type: "u".repeat(300_000), data: "\u0001".repeat(300_000) }],
  ])("makes %s fit the log", (_name, item) => {
    const { events } = play([itemLine({ id: "i".repeat(5_000), ...item })], null);
    const fitted = fitEvent(events.at(-1) ?? { type: "renamed", title: "", by: "" });
    expect(EventBody.safeParse(fitted).error).toBeUndefined();
    expect(Buffer.byteLength(JSON.stringify({ at: 1_700_000_000_000, event: fitted }))).toBeLessThanOrEqual(
      MAX_EVENT_BYTES,
    );
    expect(JSON.stringify(fitted)).toContain("…");
  });

  it("shows a line that is not JSON, or is cut, as it came", () => {
    expect(brief(play(["not json", "", "  ", '{"a":1}', "[]", '"x"'], null).events).slice(2)).toEqual([
      "t1.line_1 other output: not json",
      't1.line_2 other output: {"a":1}',
      "t1.line_3 other output: []",
      't1.line_4 other output: "x"',
    ]);
    const { state } = startTurn({ turn: 1, prompt: "p", resume: null });
    expect(brief(translateLine(state, '{"type":"item.comp', 1000).events)).toEqual([
      't1.line_1 other line too long: {"type":"item.comp [… 1000 bytes cut …]',
    ]);
  });

  it("keeps its state small", () => {
    const command = (i: number) => ({
      id: `item_${i}`,
      type: "command_execution",
      command: "x".repeat(100_000),
      status: "in_progress",
    });
    const lines = Array.from({ length: 500 }, (_, i) => itemLine(command(i), "item.started"));
    expect(JSON.stringify(play(lines, null).state).length).toBeLessThan(1024 * 1024);
  });

  it("never throws, whatever comes", () => {
    const random = seededRandom(20261120);
    const all = ["text", "run", "patch", "mcp", "fail400", "drop"].flatMap(recorded);
    let state = startTurn({ turn: 1, prompt: "p", resume: null }).state;
    for (let i = 0; i < 20_000; i++) {
      const line = all[Math.floor(random() * all.length)] ?? "";
      const at = Math.floor(random() * line.length);
      const junk = String.fromCharCode(Math.floor(random() * 0x300));
      const step = translateLine(state, line.slice(0, at) + junk + line.slice(at + Math.floor(random() * 4)));
      for (const event of step.events) expect(EventBody.safeParse(event).success).toBe(true);
      state = step.state;
    }
    expect(TurnState.safeParse(state).success).toBe(true);
  });
});
