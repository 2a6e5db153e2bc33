import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A fresh directory that is removed when the test ends. */
export function tempDir(): string {
  const path = mkdtempSync(join(tmpdir(), "signalbox-test-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
