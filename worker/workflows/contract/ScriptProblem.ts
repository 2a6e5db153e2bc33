/** What is wrong with a script, and where: a line (from 1) and a sentence for whoever wrote it. */
export class ScriptProblem extends Error {
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}
