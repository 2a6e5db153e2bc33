/** Why changes cannot be told, in a sentence for a person. */
export class GitFailed extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = "GitFailed";
    this.code = code;
  }
}
