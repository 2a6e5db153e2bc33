import * as z from "zod";
import type { Approval } from "../../protocol/approvals.ts";
import { Session } from "../../protocol/session.ts";
import { CodexTerminal } from "./CodexTerminal.ts";
import type { startFakeModel } from "./fakeModel/startFakeModel.ts";
import type { RemoteHost } from "./RemoteHost.ts";
import { until, type Signalbox } from "./signalbox.ts";
import type { Answer, StruckAgent } from "./strikeRequests.ts";
import { tmuxOf } from "./tmuxOf.ts";

type Options = {
  signalbox: Signalbox;
  host: RemoteHost;
  program: string;
  model: Awaited<ReturnType<typeof startFakeModel>>;
};

/** A Codex in a pane of a remote host, whose requests are struck. */
export class StruckCodex implements StruckAgent {
  readonly session: string;
  readonly #terminal: CodexTerminal;

  private constructor(session: string, terminal: CodexTerminal) {
    this.session = session;
    this.#terminal = terminal;
  }

  static async begin(options: Options, cwd: string): Promise<StruckCodex> {
    const { program, signalbox, host, model } = options;
    const size = ["-x", "120", "-y", "40"];
    const pane = tmuxOf(options, "new-session", "-d", "-P", "-F", "#{pane_id}", ...size, "-c", cwd, program);
    const terminal = new CodexTerminal({ pane, model, tmux: (...args) => tmuxOf(options, ...args) });
    const session = await until("the session", async () => {
      const { items } = await signalbox.api(z.object({ items: z.array(Session) }), "/api/sessions");
      return items.find((each) => each.host === host.id && each.pane?.pane === pane)?.id;
    });
    await terminal.begun();
    return new StruckCodex(session, terminal);
  }

  ask(command: string): Promise<void> {
    return this.#terminal.say(escalated(command));
  }

  asks(): Promise<boolean> {
    return this.#terminal.asks();
  }

  sayYes(): Promise<void> {
    return this.#terminal.answer("y");
  }

  /** Whether Codex has told its model what became of a command. */
  isAnswered(command: string): boolean {
    return this.#terminal.heard(escalated(command)).some(({ ask }) => ask.toolOutputs.length > 0);
  }

  /** Codex does not tell whose answer it took, only what came of it. */
  fits({ status, delivery }: Approval, _command: string, answer: Answer, times: number): boolean {
    const done = times === 1;
    if (times > 1 || status === "pending") return false;
    if (delivery === "applied") return answer !== "screen" && status === (done ? "allowed" : "denied");
    return delivery === "stale" && done && (answer === "screen" || answer === "both");
  }

  inWords(): Promise<string> {
    return this.#terminal.screen();
  }
}

/** What lets Codex ask for a command, when it is told this. */
export function escalated(cmd: string): string {
  return `CALL: exec_command ${JSON.stringify({ cmd, sandbox_permissions: "require_escalated", justification: "for the test" })}`;
}
