import { explainRun, run } from "../run.ts";
import { cleanEnvironment } from "./cleanEnvironment.ts";
import type { Found, Searched } from "./searchFiles.ts";

const TIMEOUT_MS = 20_000;
/** Bytes of a line that are shown; ripgrep says itself that there were more. */
const MAX_COLUMNS = 400;
/** A path and a line are far shorter; more without an end is no output of ripgrep's. */
const MAX_RECORD_BYTES = 64 * 1024;
/** What ripgrep says, between the lines, of a file in which it found a NUL. */
const BINARY_NOTE = /^(?:[^\0]*?: binary file matches \(found [^\n]*\)\n)+/;

export type RipgrepRequest = {
  ripgrep: string;
  env: NodeJS.ProcessEnv;
  pattern: string;
  cwd: string;
  signal: AbortSignal;
  found: (found: Found) => boolean;
};

/** The argument vector: no configuration of anybody's, and nothing in the pattern is an option. */
export function ripgrepArgv(program: string, pattern: string): [string, ...string[]] {
  return [
    program,
    "--no-config",
    "--color=never",
    "--no-heading",
    "--with-filename",
    "--line-number",
    "--null",
    `--max-columns=${MAX_COLUMNS}`,
    "--max-columns-preview",
    "--engine=default",
    "--hidden",
    "--glob=!.git",
    "--glob=!node_modules",
    "--no-follow",
    "--no-messages",
    "--max-filesize=8M",
    "--threads=2",
    "-e",
    pattern,
    "--",
    ".",
  ];
}

/** Searches a directory by ripgrep, which knows what git ignores. */
export async function searchByRipgrep(request: RipgrepRequest): Promise<Searched> {
  const enough = new AbortController();
  let open = Buffer.alloc(0);

  /** Takes records of `path NUL line:text LF`; a path may hold anything but NUL. */
  function take(chunk: Buffer): void {
    const bytes = Buffer.concat([open, chunk]);
    let start = 0;
    while (!enough.signal.aborted) {
      const nul = bytes.indexOf(0, start);
      const end = nul < 0 ? -1 : bytes.indexOf(10, nul);
      if (end < 0) break;
      const path = bytes.toString("utf8", start, nul).replace(BINARY_NOTE, "").replace(/^\.\//, "");
      const [, line, text] = /^(\d+):(.*)$/s.exec(bytes.toString("utf8", nul + 1, end)) ?? [];
      if (line !== undefined && text !== undefined && !request.found({ path, line: Number(line), text }))
        enough.abort();
      start = end + 1;
    }
    open = Buffer.from(bytes.subarray(start));
    if (open.length > MAX_RECORD_BYTES) open = Buffer.alloc(0);
  }

  const result = await run({
    argv: ripgrepArgv(request.ripgrep, request.pattern),
    cwd: request.cwd,
    env: cleanEnvironment(request.env),
    timeoutMs: TIMEOUT_MS,
    maxOutputBytes: 4_096,
    signal: AbortSignal.any([request.signal, enough.signal]),
    onStdout: take,
  });
  if (enough.signal.aborted) return { ok: true, more: "limit" };
  switch (result.status) {
    case "unstarted":
      return { ok: false, missing: true, message: explainRun("ripgrep", result) };
    case "timeout":
      return { ok: true, more: "time" };
    case "exited": {
      // 1: nothing was found. 2 without a word: some file could not be read.
      const said = result.stderr.toString("utf8").trim();
      if (result.code === 0 || result.code === 1 || (result.code === 2 && said === ""))
        return { ok: true, more: "no" };
      return {
        ok: false,
        missing: false,
        message: said === "" ? `${explainRun("ripgrep", result)}.` : said.slice(0, 1_000),
      };
    }
    default:
      return { ok: false, missing: false, message: `${explainRun("ripgrep", result)}.` };
  }
}
