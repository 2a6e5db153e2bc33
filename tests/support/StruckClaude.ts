import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import type { Approval } from "../../protocol/approvals.ts";
import { Session } from "../../protocol/session.ts";
import type { RemoteHost } from "./RemoteHost.ts";
import { until, type Signalbox } from "./signalbox.ts";
import type { Answer, StruckAgent } from "./strikeRequests.ts";
import { tmuxOf } from "./tmuxOf.ts";

const DIALOG = /Do you want to proceed/;
const Part = z.looseObject({
  type: z.string(),
  id: z.string().optional(),
  input: z.looseObject({ command: z.string().optional() }).optional(),
  tool_use_id: z.string().optional(),
});
const Line = z.looseObject({
  message: z.looseObject({ content: z.array(Part) }),
  permissionDecision: z.looseObject({ decision: z.string(), source: z.string() }).optional(),
});

type Options = { signalbox: Signalbox; host: RemoteHost; program: string; config: string; cwd: string };

/** Whose answer Claude took, and what it was. */
type Truth = { source: string; accepted: boolean };

/** A Claude Code in a pane of a remote host, whose requests are struck. */
export class StruckClaude implements StruckAgent {
  readonly session: string;
  readonly #options: Options;
  readonly #pane: string;

  private constructor(options: Options, session: string, pane: string) {
    this.session = session;
    this.#options = options;
    this.#pane = pane;
  }

  static async begin(options: Options): Promise<StruckClaude> {
    const { cwd, program, signalbox, host } = options;
    const size = ["-x", "120", "-y", "40"];
    const argv = [program, "--permission-mode", "manual"];
    const pane = tmuxOf(options, "new-session", "-d", "-P", "-F", "#{pane_id}", ...size, "-c", cwd, ...argv);
    const session = await until("the session", async () => {
      const { items } = await signalbox.api(z.object({ items: z.array(Session) }), "/api/sessions");
      return items.find((each) => each.host === host.id && each.pane?.pane === pane && each.status === "idle")
        ?.id;
    });
    const claude = new StruckClaude(options, session, pane);
    await until("its prompt", () => /manual mode on/.test(claude.screen()));
    return claude;
  }

  async ask(command: string): Promise<void> {
    this.#press("C-u"); // a key that came too late for a dialog stands in the prompt
    tmuxOf(this.#options, "set-buffer", "-b", this.session, `CALL: Bash ${JSON.stringify({ command })}`);
    tmuxOf(this.#options, "paste-buffer", "-p", "-d", "-b", this.session, "-t", this.#pane);
    await until("what was pasted", () => this.#hasTyped(command));
    // An Enter that comes too soon is taken for a part of what was pasted; one too many would answer the dialog.
    await until(`Claude to take what was said: ${this.screen()}`, async () => {
      if (this.#hasTyped(command)) this.#press("Enter");
      await sleep(1_500);
      return this.#took(command);
    });
  }

  /** Whether the message stands in the prompt, not sent. */
  #hasTyped(command: string): boolean {
    return this.screen().match(/❯.*$/gm)?.at(-1)?.includes(command) === true;
  }

  /** Whether its transcript has the message. */
  #took(command: string): boolean {
    return this.#transcripts().some((text) => text.includes(command));
  }

  #transcripts(): string[] {
    const projects = join(this.#options.config, "projects");
    if (!existsSync(projects)) return []; // nothing was said yet
    return readdirSync(projects, { recursive: true, encoding: "utf8" }).flatMap((file) =>
      file.endsWith(".jsonl") ? [readFileSync(join(projects, file), "utf8")] : [],
    );
  }

  asks(): boolean {
    return DIALOG.test(this.screen());
  }

  screen(): string {
    return tmuxOf(this.#options, "capture-pane", "-p", "-t", this.#pane);
  }

  async sayYes(): Promise<void> {
    await until(`the dialog to take an answer: ${this.screen()}`, async () => {
      if (this.asks()) this.#press("1");
      await sleep(1_000);
      return !this.asks();
    });
  }

  isAnswered(command: string): boolean {
    return this.#truth(command) !== null;
  }

  fits({ status, delivery }: Approval, command: string, _answer: Answer, times: number): boolean {
    const truth = this.#truth(command);
    if (truth === null || times !== (truth.accepted ? 1 : 0)) return false;
    if (truth.source === "hook")
      return delivery === "applied" && status === (truth.accepted ? "allowed" : "denied");
    return delivery === "stale" && status !== "pending";
  }

  /** What became of a command, by Claude's own word; null while it is not told. */
  #truth(command: string): Truth | null {
    const decision = this.#results(command).find((line) => line.permissionDecision)?.permissionDecision;
    return decision === undefined
      ? null
      : { source: decision.source, accepted: decision.decision === "accept" };
  }

  /** The lines that have the result of a command: Claude writes what it sends to its model down as well. */
  #results(command: string): z.infer<typeof Line>[] {
    const lines = this.#transcripts().flatMap((text) => text.split("\n"));
    const told = lines.flatMap((line) => {
      if (!line.includes('"tool_')) return [];
      const parsed = Line.safeParse(JSON.parse(line));
      return parsed.success ? [parsed.data] : [];
    });
    const parts = told.flatMap(({ message }) => message.content);
    const call = parts.find(({ type, input }) => type === "tool_use" && input?.command === command)?.id;
    if (call === undefined) return [];
    return told.filter(({ message }) => message.content.some((part) => part.tool_use_id === call));
  }

  inWords(command: string): string {
    return [this.screen(), ...this.#results(command).map((line) => JSON.stringify(line))].join("\n");
  }

  static stop(options: Pick<Options, "signalbox" | "host">): void {
    tmuxOf(options, "kill-server");
  }

  #press(key: string): void {
    tmuxOf(this.#options, "send-keys", "-t", this.#pane, key);
  }
}
