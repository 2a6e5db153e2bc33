/** The first line of a markdown text that says something, without its marks. */
export function firstLine(text: string): string {
  return bare(text.split("\n").find((line) => line.trim() !== "") ?? "");
}

/** The last line so far of a text that grows. */
export function lastLine(text: string): string {
  return bare(text.trimEnd().split("\n").at(-1) ?? "");
}

const bare = (line: string): string => line.replace(/^[#*\s>-]+|[*\s]+$|\*\*|`/g, "");
