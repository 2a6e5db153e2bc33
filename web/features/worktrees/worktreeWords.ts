import type { WorktreeEntry } from "../../../protocol/worktrees.ts";

type Words = { text: string; tone: "plain" | "work" | "bad" };

/** How a worktree stands, in words: what would be lost with it first. */
export function worktreeWords(
  item: Pick<WorktreeEntry, "problem" | "doing" | "dirty" | "only_here" | "in_use" | "branch">,
): Words[] {
  if (item.problem !== null) return [{ text: item.problem, tone: "bad" }];
  const words: Words[] = [];
  const work = (text: string): void => void words.push({ text, tone: "work" });
  if (item.doing !== null) work(`${item.doing} in progress`);
  if (item.dirty === null) words.push({ text: "not known what is changed", tone: "bad" });
  else if (item.dirty > 0) work(`${count(item.dirty, "file")} not committed`);
  if (item.only_here === null) words.push({ text: "not known which commits are elsewhere", tone: "bad" });
  else if (item.only_here > 0) work(`${count(item.only_here, "commit")} only here`);
  if (words.length === 0) words.push({ text: "clean, nothing would be lost", tone: "plain" });
  if (item.branch === null) words.push({ text: "no branch", tone: "plain" });
  if (item.in_use) words.push({ text: "in use", tone: "plain" });
  return words;
}

function count(value: number, unit: string): string {
  return `${value} ${unit}${value === 1 ? "" : "s"}`;
}
