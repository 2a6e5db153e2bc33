export type ProsePart = { kind: "text" | "code"; text: string };

/** Plain text, and what stands between fences. A fence that is still open holds the rest. */
export function splitProse(text: string): ProsePart[] {
  const parts: ProsePart[] = [];
  let kind: ProsePart["kind"] = "text";
  let lines: string[] = [];
  const flush = (): void => {
    const joined = lines.join("\n");
    if (kind === "code" ? lines.length > 0 : joined.trim() !== "")
      parts.push({ kind, text: kind === "code" ? joined : joined.trim() });
    lines = [];
  };
  for (const line of text.split("\n")) {
    if (/^\s{0,3}```/.test(line)) {
      flush();
      kind = kind === "text" ? "code" : "text";
    } else lines.push(line);
  }
  flush();
  return parts;
}
