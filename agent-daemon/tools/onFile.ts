import { basename, dirname, relative } from "node:path";
import type { CommandResult } from "../../protocol/commands.ts";
import { confine } from "./confine.ts";
import { explainFsError } from "./explainFsError.ts";
import { holdDirectory } from "./holdDirectory.ts";
import type { HeldDirectory } from "./holdDirectory.ts";
import type { ToolCall } from "./toolCall.ts";
import { refused, shown, told } from "./toolResult.ts";

/** A place in the workspace, reached through its directory as it was when it was confined. */
export type HeldFile = {
  parent: HeldDirectory;
  name: string;
  /** Its path without symbolic links. */
  real: string;
  /** Its path as results show it: from the root where it is in it. */
  label: string;
};

export type FileUse = { use: "read" | "write"; make?: boolean };

/** Confines a path, holds its directory while `work` goes on, and turns what the file system says into a result. */
export async function onFile(
  { place }: ToolCall,
  path: string,
  { use, make = false }: FileUse,
  work: (file: HeldFile) => Promise<CommandResult>,
): Promise<CommandResult> {
  const confined = await confine(place, path, use);
  if (!confined.ok) return refused(confined.code, confined.message);
  const real = confined.path;
  const label = labelOf(place.root, real);
  if (real === "/") return told(false, "/ is a directory.");
  let parent: HeldDirectory | null = null;
  try {
    parent = await holdDirectory(dirname(real), make);
    return await work({ parent, name: basename(real), real, label });
  } catch (error) {
    const message = explainFsError(error, label);
    if (message === null) throw error;
    return told(false, message);
  } finally {
    await parent?.close();
  }
}

/** Confines a path and holds the directory that it is, for reading it or for running a program in it. */
export async function onDirectory(
  { place }: ToolCall,
  path: string,
  use: "read" | "run",
  work: (directory: HeldDirectory, label: string) => Promise<CommandResult>,
): Promise<CommandResult> {
  const confined = await confine(place, path, use);
  if (!confined.ok) return refused(confined.code, confined.message);
  const label = labelOf(place.root, confined.path);
  let held: HeldDirectory | null = null;
  try {
    held = await holdDirectory(confined.path);
    return await work(held, label);
  } catch (error) {
    const message = explainFsError(error, label);
    if (message === null) throw error;
    return told(false, message);
  } finally {
    await held?.close();
  }
}

/** A path as results show it: relative in the root, absolute outside of it. */
export function labelOf(root: string, real: string): string {
  const inside = relative(root, real);
  if (inside === "") return ".";
  return shown(inside === ".." || inside.startsWith("../") ? real : inside);
}
