import { setTimeout as sleep } from "node:timers/promises";
import type { startFakeModel } from "./fakeModel/startFakeModel.ts";
import { until } from "./signalbox.ts";

const PROMPT = /Ask Codex to do anything/;
const DIALOG = /Would you like to/;

type Options = {
  pane: string;
  tmux: (...args: string[]) => string | Promise<string>;
  model: Awaited<ReturnType<typeof startFakeModel>>;
};

/** A real Codex in a pane, and a person at it. */
export class CodexTerminal {
  readonly #options: Options;

  constructor(options: Options) {
    this.#options = options;
  }

  async screen(): Promise<string> {
    return await this.#options.tmux("capture-pane", "-p", "-t", this.#options.pane);
  }

  shows(what: RegExp): Promise<boolean> {
    return until(`${what} on the screen`, async () => what.test(await this.screen()), 60_000);
  }

  begun(): Promise<boolean> {
    return this.shows(PROMPT);
  }

  /** Whether its dialog is open. */
  async asks(): Promise<boolean> {
    return DIALOG.test(await this.screen());
  }

  async say(text: string): Promise<void> {
    const { pane, tmux } = this.#options;
    const before = this.heard(text).length;
    await tmux("send-keys", "-t", pane, "C-u"); // a key that came too late for a dialog stands in the prompt
    await tmux("set-buffer", "-b", pane, text);
    await tmux("paste-buffer", "-p", "-d", "-b", pane, "-t", pane);
    const taken = () => this.heard(text).length > before;
    // Codex takes no Enter while it starts, so it is pressed again; one too many would answer its dialog.
    await until(`${text} to be taken`, async () => {
      if (!taken() && (await this.#hasTyped(text))) await this.#press("Enter");
      for (let look = 0; look < 20 && !taken(); look++) await sleep(100);
      return taken();
    });
  }

  /** Whether the message stands in the prompt, not sent. */
  async #hasTyped(text: string): Promise<boolean> {
    const prompt = (await this.screen()).match(/^› .*$/gm)?.at(-1);
    return prompt?.startsWith(`› ${text.split("\n")[0]?.slice(0, 20)}`) === true;
  }

  /** What its model was asked after it was told this. */
  heard(text: string) {
    return this.#options.model.asked.filter(({ ask }) => ask.userText.includes(text));
  }

  /** Answers its dialog. Codex takes no key in the first moments of one, so it is pressed again. */
  async answer(key: string): Promise<void> {
    await until(`${key} to be taken`, async () => {
      if (await this.asks()) await this.#press(key);
      await sleep(1_000);
      return !(await this.asks());
    });
  }

  async #press(key: string): Promise<void> {
    await this.#options.tmux("send-keys", "-t", this.#options.pane, key);
  }
}
