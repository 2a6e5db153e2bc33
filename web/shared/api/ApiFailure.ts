/** A request that did not do what was asked; `message` is a sentence for a person. */
export class ApiFailure extends Error {
  readonly code: string;
  /** 0 when there was no answer. */
  readonly status: number;
  readonly details: readonly string[];

  constructor(code: string, message: string, status: number, details: readonly string[] = []) {
    super(message);
    this.name = "ApiFailure";
    this.code = code;
    this.status = status;
    this.details = details;
  }
}

/** Anything thrown, as a sentence. */
export function failureSentence(error: unknown): string {
  if (error instanceof ApiFailure) return error.message;
  return error instanceof Error && error.message !== ""
    ? error.message
    : "Something went wrong on this page.";
}
