import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { Session } from "../../protocol/session.ts";
import type { startFakeModel } from "./fakeModel/startFakeModel.ts";
import type { RemoteHost } from "./RemoteHost.ts";
import { until, type Signalbox } from "./signalbox.ts";
import { tmuxOf } from "./tmuxOf.ts";

const DIALOG = /Would you like to run the following command/;

type Options = {
  signalbox: Signalbox;
  host: RemoteHost;
  program: string;
  model: Awaited<ReturnType<typeof startFakeModel>>;
};

/** A Codex in a pane of a remote host, whose requests are struck. */
export class StruckCodex {
  readonly session: string;
  readonly #options: Options;
  readonly #pane: string;

  private constructor(options: Options, session: string, pane: string) {
    this.session = session;
    this.#options = options;
    this.#pane = pane;
  }

  static async begin(options: Options, cwd: string): Promise<StruckCodex> {
    const { program, signalbox, host } = options;
    const size = ["-x", "120", "-y", "40"];
    const pane = tmuxOf(options, "new-session", "-d", "-P", "-F", "#{pane_id}", ...size, "-c", cwd, program);
    const session = await until("the session", async () => {
      const { items } = await signalbox.api(z.object({ items: z.array(Session) }), "/api/sessions");
      return items.find((each) => each.host === host.id && each.pane?.pane === pane)?.id;
    });
    const codex = new StruckCodex(options, session, pane);
    await until("its prompt", () => /Ask Codex to do anything/.test(codex.screen()));
    return codex;
  }

  /** Lets it ask to run a command. */
  async ask(command: string): Promise<void> {
    const input = { cmd: command, sandbox_permissions: "require_escalated", justification: "for the test" };
    const text = `CALL: exec_command ${JSON.stringify(input)}`;
    tmuxOf(this.#options, "send-keys", "-t", this.#pane, "C-u"); // a key that came too late for a dialog
    tmuxOf(this.#options, "set-buffer", "-b", this.session, text);
    tmuxOf(this.#options, "paste-buffer", "-p", "-d", "-b", this.session, "-t", this.#pane);
    // Codex takes no Enter while it starts: pressed until the model was asked, and not once more.
    await until(`Codex to take what was said: ${this.screen()}`, async () => {
      if (!this.#took(command)) this.#press("Enter");
      for (let look = 0; look < 20 && !this.#took(command); look++) await sleep(100);
      return this.#took(command);
    });
  }

  #took(command: string): boolean {
    return this.#asked(command).length > 0;
  }

  #asked(command: string) {
    const quoted = JSON.stringify(command).slice(1, -1);
    return this.#options.model.asked.filter(({ ask }) => ask.userText.includes(quoted));
  }

  asks(): boolean {
    return DIALOG.test(this.screen());
  }

  screen(): string {
    return tmuxOf(this.#options, "capture-pane", "-p", "-t", this.#pane);
  }

  /** Says yes at the terminal, if its dialog is open: that must work whatever is struck. */
  sayYes(): void {
    if (this.asks()) this.#press("y");
  }

  /** Whether Codex has told its model what became of a command. */
  isAnswered(command: string): boolean {
    return this.#asked(command).some(({ ask }) => ask.toolOutputs.length > 0);
  }

  #press(key: string): void {
    tmuxOf(this.#options, "send-keys", "-t", this.#pane, key);
  }
}
