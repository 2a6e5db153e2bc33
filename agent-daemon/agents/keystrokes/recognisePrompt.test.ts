import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { awaitsEnter, type PaneScreen, recognisePrompt } from "./recognisePrompt.ts";

/** A screen as tmux captured it of the real program: cursor and width, then its rows. */
function recorded(name: string): PaneScreen {
  const [head = "", ...rows] = readFileSync(
    join(import.meta.dirname, "fixtures", `${name}.txt`),
    "utf8",
  ).split("\n");
  const [x = 0, y = 0, cols = 0] = head.split(/[, ]/).map(Number);
  return { lines: rows, cols, cursor: { x, y } };
}

/** A screen that a program has written; the cursor stands at `█`. */
function screen(text: string, cols = 80): PaneScreen {
  const lines = text.split("\n");
  const y = lines.findIndex((line) => line.includes("█"));
  const x = lines[y]?.indexOf("█") ?? 0;
  return { lines: lines.map((line) => line.replace("█", "")), cols, cursor: { x, y } };
}

describe("dialogs of the real programs", () => {
  it.each([
    ["claude-command", "Do you want to proceed?", "1", "4"],
    ["claude-command-second", "Do you want to proceed?", "1", "4"],
    ["claude-write", "Do you want to create x.txt?", "1", "3"],
    ["claude-write-narrow", "Do you want to create x.txt?", "1", "3"],
    ["codex-command", "Would you like to run the following command?", "1", "3"],
    ["codex-push-narrow", "Would you like to run the following command?", "1", "3"],
    ["gemini-command", "Allow execution of [Shell]?", "1", "3"],
    ["gemini-write", "Apply this change?", "1", "4"],
    ["gemini-write-narrow", "Apply this change?", "1", "4"],
    ["gemini-trust", "Do you trust the files in this folder?", "1", "3"],
  ])("%s is recognised", (name, question, allow, deny) => {
    expect(recognisePrompt(recorded(name))).toMatchObject({
      question,
      allow: { text: allow },
      deny: { text: deny },
    });
  });

  it.each([
    "claude-idle",
    "claude-answered",
    "claude-question",
    "claude-says-yn",
    "claude-trust",
    "codex-answered",
    "gemini-trusted",
    "gemini-answered",
  ])("%s is none", (name) => {
    expect(recognisePrompt(recorded(name))).toBeNull();
  });

  it("shows what each is about, and nothing of what was before", () => {
    const shown = (name: string) => recognisePrompt(recorded(name))?.excerpt.join("\n");
    expect(shown("claude-write")).toMatch(/^ Create file\n x\.txt[\s\S]* 2 world[\s\S]* 3\. No$/);
    expect(shown("codex-push")).toMatch(
      /^ {2}Would you like[\s\S]*\$ git push origin main[\s\S]*differently \(esc\)$/,
    );
    expect(shown("gemini-command")).toMatch(/^│ \? Shell {2}touch a\.txt[\s\S]*suggest changes \(esc\) +│$/);
  });

  it("are the same however wide the terminal is and whichever choice is marked, and not the same as others", () => {
    const print = (name: string) => recognisePrompt(recorded(name))?.fingerprint;
    expect(print("claude-command-second")).toBe(print("claude-command"));
    expect(print("codex-command-second")).toBe(print("codex-command"));
    expect(print("gemini-command-second")).toBe(print("gemini-command"));
    expect(print("claude-write-narrow")).toBe(print("claude-write"));
    expect(print("codex-push-narrow")).toBe(print("codex-push"));
    expect(print("gemini-write-narrow")).toBe(print("gemini-write"));
    const all = ["claude-command", "claude-write", "codex-command", "codex-push", "gemini-command"].map(
      print,
    );
    expect(new Set(all).size).toBe(all.length);
  });
});

describe("questions at the cursor", () => {
  it.each([
    ["Do you want to continue? [Y/n] █", "y", "n"],
    ["Overwrite config.json? (y/N): █", "y", "n"],
    ["Are you sure (yes/no)? █", "yes", "no"],
    ["Add src/app.py to the chat? (Y)es/(N)o/(D)on't ask again [Yes]: █", "y", "n"],
    ["Run shell command? (Y)es/(N)o [Yes]: █", "y", "n"],
    ["Allow the command `rm -r build`? █", "y", "n"],
  ])("%s", (line, allow, deny) => {
    expect(recognisePrompt(screen(`some output\n\n${line}\n\n`))).toMatchObject({
      question: line.replace("█", "").trim(),
      allow: { text: allow },
      deny: { text: deny },
    });
  });

  it("is found when it goes over several rows", () => {
    const text = "Should the assistant delete the whole directory build and all that is in it? [y/n] ";
    const rows = [text.slice(0, 30), text.slice(30, 60), `${text.slice(60)}█`].join("\n");
    expect(recognisePrompt(screen(rows, 30))?.question).toBe(text.trim());
  });
});

describe("what only looks like a prompt", () => {
  it.each([
    ["a log that asks", "12:00 Continue? (y/n)\n12:01 Continue? (y/n)\n█"],
    ["a log that ends without a line feed in something else", "Continue? (y/n)\nworking on it█"],
    ["an answer that is being typed", "Continue? (y/n) y█"],
    ["a cursor far behind", "Continue? (y/n)      █"],
    ["text below the cursor", "Continue? (y/n) █\nand more of a form"],
    ["a list in a text", "Which?\n1. Yes\n2. No\n\nThat is all.\n█"],
    ["a list without a mark", "Which one?\n  1. Yes\n  2. No\n█"],
    ["two marks", "Which one?\n❯ 1. Yes\n❯ 2. No\n█"],
    ["a menu above a prompt of its own", "Proceed?\n❯ 1. Yes\n  2. No\n\n────────────\n❯ █\n────────────"],
    ["a menu without a question", "Actions\n❯ 1. Yes\n  2. No\n█"],
    ["a hole in the numbers", "Proceed?\n❯ 1. Yes\n  3. No\n█"],
    ["the end of a longer list", "Proceed?\n  2. Yes\n❯ 3. No\n█"],
    ["choices that are neither", "Which colour?\n❯ 1. Red\n  2. Blue\n█"],
    ["only choices that last", "Proceed?\n❯ 1. Yes, always\n  2. No\n█"],
    ["an editor's mode line", "Do you agree?\n❯ 1. Yes\n  2. No\n~\n~\n-- INSERT --   3,1   All█"],
    ["a quoted dialog", "> Proceed?\n> ❯ 1. Yes\n>   2. No\n> the end of the mail\n█"],
    ["nothing", "\n\n█"],
  ])("%s", (_, text) => {
    expect(recognisePrompt(screen(text))).toBeNull();
  });

  it("nor any beginning of a real one", () => {
    for (const name of ["claude-command", "codex-command", "gemini-trust"]) {
      const whole = recorded(name);
      const end = whole.lines.findLastIndex((line) => /\d\. (No|Don)/.test(line));
      for (let rows = 0; rows < end; rows++)
        expect(recognisePrompt({ ...whole, lines: whole.lines.slice(0, rows) })).toBeNull();
    }
  });
});

describe("Enter", () => {
  const asked = screen("x\nContinue? [y/N] █\n");
  const menu = recorded("claude-command");
  const [yes, no] = [
    { text: "1", choice: 1 },
    { text: "4", choice: 4 },
  ];

  it("is what is left once the text stands behind the question, or the choice is marked", () => {
    const keys = { text: "y", choice: null };
    expect(awaitsEnter(asked, keys, screen("x\nContinue? [y/N] y█\n"))).toBe(true);
    expect(awaitsEnter(asked, keys, asked)).toBe(false);
    expect(awaitsEnter(asked, keys, screen("x\nContinue? [y/N] n█\n"))).toBe(false);
    expect(awaitsEnter(asked, keys, screen("x\nDelete? [y/N] y█\n"))).toBe(false);
    expect(awaitsEnter(menu, yes, menu)).toBe(true);
    expect(awaitsEnter(menu, no, menu)).toBe(false);
    expect(awaitsEnter(menu, yes, recorded("claude-command-second"))).toBe(false);
    expect(awaitsEnter(recorded("claude-command-second"), yes, menu)).toBe(true);
    expect(awaitsEnter(menu, yes, recorded("claude-write"))).toBe(false);
  });

  it("is not pressed when the same is asked again", () => {
    const again = screen("x\nContinue? [y/N] y\nContinue? [y/N] y█\n");
    expect(awaitsEnter(asked, { text: "y", choice: null }, again)).toBe(false);
    const lines = menu.lines.with(8, "● Ran touch a.txt, and once more");
    expect(awaitsEnter(menu, yes, { ...menu, lines })).toBe(false);
  });
});
