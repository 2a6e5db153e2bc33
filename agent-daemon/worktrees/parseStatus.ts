/** Reads `git status --porcelain -z`: one entry per changed or untracked file, as `XY path`. */
export function parseStatus(output: string): string[] {
  const fields = output.split("\0");
  const entries: string[] = [];
  for (let i = 0; i < fields.length; i++) {
    const field = fields[i] ?? "";
    if (field.length < 4) continue;
    entries.push(`${field.slice(0, 2).trim()} ${field.slice(3)}`);
    // A rename or copy is followed by the path it came from.
    if (/[RC]/.test(field.slice(0, 2))) i += 1;
  }
  return entries;
}
