import { MAX_CHANGED_FILES, MAX_FILE_PATCH_CHARS, MAX_PATCH_CHARS } from "../../protocol/changes.ts";
import type { FileChange } from "../../protocol/changes.ts";

/** Characters of all names together. */
const MAX_NAME_CHARS = 300_000;

/** Keeps of the files what fits an answer: the small ones first, so that most of them are shown. */
export function fitPatches(files: FileChange[]): FileChange[] {
  let names = 0;
  const kept = files
    .slice(0, MAX_CHANGED_FILES)
    .filter(({ path, from = "" }) => (names += JSON.stringify(path + from).length) <= MAX_NAME_CHARS);
  const sizes = new Map(kept.map((file) => [file, JSON.stringify(file.patch ?? "").length]));
  let room = MAX_PATCH_CHARS;
  const shown = new Set<FileChange>();
  for (const [file, size] of [...sizes].sort((a, b) => a[1] - b[1])) {
    if (size > MAX_FILE_PATCH_CHARS || size > room) break;
    room -= size;
    shown.add(file);
  }
  return kept.map((file) =>
    shown.has(file)
      ? file
      : {
          ...file,
          patch: null,
          hidden: (sizes.get(file) ?? 0) > MAX_FILE_PATCH_CHARS ? "too_big" : "no_room",
        },
  );
}
