import { homedir } from "node:os";
import {
  MAX_WORKFLOW_FILE_CHARS,
  MAX_WORKFLOW_FILES,
  type WorkflowFile,
  type WorkflowFiles,
} from "../../protocol/workflowFiles.ts";
import { allowedRoot, type RootRules } from "../tools/allowedRoot.ts";
import { findScripts } from "./findScripts.ts";
import { readScript } from "./readScript.ts";

/** The workflow scripts of a directory that tools may work in, and of the home directory. */
export async function readWorkflowFiles(
  directory: string | undefined,
  rules: RootRules,
  home: string = homedir(),
): Promise<WorkflowFiles> {
  const allowed = directory === undefined ? null : await allowedRoot(rules, directory);
  const files = async (root: string, place: WorkflowFile["place"]): Promise<WorkflowFile[]> => {
    const read: WorkflowFile[] = [];
    for (const { path, problem } of await findScripts(root, rules))
      read.push({ path, place, ...(problem === null ? await textOf(path) : { script: null, problem }) });
    return read;
  };
  const project = allowed?.ok === true ? await files(allowed.root, "project") : [];
  const own = allowed?.ok === true && allowed.root === home ? [] : await files(home, "home");
  let chars = 0;
  const items = [...project, ...own].slice(0, MAX_WORKFLOW_FILES).map((file): WorkflowFile => {
    chars += file.script?.length ?? 0;
    return chars <= MAX_WORKFLOW_FILE_CHARS
      ? file
      : { ...file, script: null, problem: "There are too many and too long workflows here to tell of all." };
  });
  return { status: "workflows", items };
}

async function textOf(path: string): Promise<Pick<WorkflowFile, "script" | "problem">> {
  const read = await readScript(path);
  return read.kind === "read"
    ? { script: read.script, problem: null }
    : { script: null, problem: read.kind === "unreadable" ? read.problem : null };
}
