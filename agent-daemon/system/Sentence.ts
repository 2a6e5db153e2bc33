import { EXIT } from "./exitCodes.ts";

/** An error whose message is a sentence for the person at the terminal; nothing else is shown of it. */
export class Sentence extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number = EXIT.failed) {
    super(message);
    this.name = "Sentence";
    this.exitCode = exitCode;
  }
}

/** What an error says, in one line. */
export function say(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
