import { applyEdits, type FormattingOptions, modify, parse, type ParseError } from "jsonc-parser";
import * as z from "zod";
import type { HostInfo } from "../../protocol/host.ts";
import { HOOK_LIFE_MS, HOOK_WORD } from "../agents/claude/hookWire.ts";
import { Sentence } from "../system/Sentence.ts";

/** How long Claude waits for the hook, in seconds. */
const TIMEOUT_S = HOOK_LIFE_MS / 1_000;

const Hook = z.looseObject({ command: z.string().optional() });
const Group = z.looseObject({ hooks: z.array(Hook).catch([]) });
const Settings = z.looseObject({
  hooks: z.looseObject({ PermissionRequest: z.array(Group).optional() }).optional(),
});

/** Where our hook stands in Claude Code's settings. */
export type HookState = NonNullable<HostInfo["claude_hook"]>["state"];

/** The command that Claude runs: silent where the daemon, this program or Node is gone. */
export function hookCommand(node: string, program: string, socket: string): string {
  const [n, p, s] = [node, program, socket].map(quote);
  return `test -S ${s} && test -x ${n} && test -r ${p} && exec ${n} ${p} ${HOOK_WORD} ${s} || exit 0`;
}

/** Whether exactly this hook, another one of ours (an older program), or none is in the settings. */
export function readHookState(text: string | null, command: string): HookState {
  const ours = groupsOf(text).flatMap(({ hooks }) => hooks.filter(isOurs));
  if (ours.length === 0) return "missing";
  return ours.length === 1 && ours[0]?.command === command ? "installed" : "other";
}

/** The settings with our hook, once; every other byte stays as it is. */
export function withHook(text: string | null, command: string): string {
  const without = withoutHook(text ?? "{}\n");
  const group = { matcher: "", hooks: [{ type: "command", command, timeout: TIMEOUT_S }] };
  const at = groupsOf(without).length;
  const path = at === 0 ? ["hooks", "PermissionRequest"] : ["hooks", "PermissionRequest", at];
  return edit(without, path, at === 0 ? [group] : group);
}

/** The settings without any hook of ours, and without what is empty by that. */
export function withoutHook(text: string): string {
  let next = text;
  for (;;) {
    const groups = groupsOf(next);
    const at = groups.findIndex(({ hooks }) => hooks.some(isOurs));
    if (at === -1) return next;
    const hooks = groups[at]?.hooks ?? [];
    const events = Object.keys(Settings.parse(read(next)).hooks ?? {});
    if (hooks.length > 1)
      next = edit(next, ["hooks", "PermissionRequest", at, "hooks", hooks.findIndex(isOurs)], undefined);
    else if (groups.length > 1) next = edit(next, ["hooks", "PermissionRequest", at], undefined);
    else if (events.length > 1) next = edit(next, ["hooks", "PermissionRequest"], undefined);
    else next = edit(next, ["hooks"], undefined);
  }
}

/** Whether two texts hold the same settings; an empty one holds none. */
export function haveSameMeaning(one: string, other: string): boolean {
  const [left, right] = [one, other].map((text) => JSON.stringify(text === "" ? {} : read(text)));
  return left === right;
}

function isOurs({ command }: z.infer<typeof Hook>): boolean {
  return command !== undefined && command.includes(` ${HOOK_WORD} `);
}

function groupsOf(text: string | null): z.infer<typeof Group>[] {
  if (text === null) return [];
  const settings = Settings.safeParse(read(text));
  if (!settings.success)
    throw new Sentence(`The settings are not what Claude Code writes: ${z.prettifyError(settings.error)}`);
  return settings.data.hooks?.PermissionRequest ?? [];
}

function read(text: string): unknown {
  const errors: ParseError[] = [];
  const value: unknown = parse(text, errors, { allowTrailingComma: true });
  if (errors.length > 0) throw new Sentence("The settings are not JSON; nothing was changed.");
  return value;
}

function edit(text: string, path: (string | number)[], value: unknown): string {
  return applyEdits(text, modify(text, path, value, { formattingOptions: formattingOf(text) }));
}

/** Indents as the file does. */
function formattingOf(text: string): FormattingOptions {
  const indent = /\n([ \t]+)\S/.exec(text)?.[1] ?? "  ";
  const tabs = indent.startsWith("\t");
  return {
    insertSpaces: !tabs,
    tabSize: tabs ? 1 : indent.length,
    eol: text.includes("\r\n") ? "\r\n" : "\n",
  };
}

/** A word for a shell: Claude runs hooks through one. */
export function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
