import { lstat, readdir, readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { MAX_SCRIPT_CHARS } from "../../protocol/runs.ts";
import {
  MAX_WORKFLOW_FILE_CHARS,
  MAX_WORKFLOW_FILES,
  type WorkflowFile,
  type WorkflowFiles,
} from "../../protocol/workflowFiles.ts";
import { hasCode } from "../system/readFileIfThere.ts";
import { say } from "../system/Sentence.ts";
import { allowedRoot, type RootRules } from "../tools/allowedRoot.ts";

/** Where workflow scripts lie, below a project and below the home directory. */
const FOLDERS = [".signalbox/workflows", ".claude/workflows"];

/** The workflow scripts of a directory that tools may work in, and of the home directory. They are read, never run. */
export async function readWorkflowFiles(
  directory: string | undefined,
  rules: RootRules,
  home: string = homedir(),
): Promise<WorkflowFiles> {
  const allowed = directory === undefined ? null : await allowedRoot(rules, directory);
  const project = allowed?.ok === true ? await readFolders(allowed.root, "project") : [];
  const own = allowed?.ok === true && allowed.root === home ? [] : await readFolders(home, "home");
  let chars = 0;
  const items = [...project, ...own].slice(0, MAX_WORKFLOW_FILES).map((file): WorkflowFile => {
    chars += file.script?.length ?? 0;
    return chars <= MAX_WORKFLOW_FILE_CHARS
      ? file
      : { ...file, script: null, problem: "There are too many and too long workflows here to tell of all." };
  });
  return { status: "workflows", items };
}

async function readFolders(root: string, place: WorkflowFile["place"]): Promise<WorkflowFile[]> {
  const files: WorkflowFile[] = [];
  for (const folder of FOLDERS) {
    const names = await readdir(join(root, folder)).catch(() => []); // there is none
    for (const name of names
      .filter((each) => each.endsWith(".js"))
      .sort()
      .slice(0, MAX_WORKFLOW_FILES)) {
      const path = join(root, folder, name);
      files.push({ path, place, ...(await readScript(path)) });
    }
  }
  return files;
}

async function readScript(path: string): Promise<Pick<WorkflowFile, "script" | "problem">> {
  const no = (problem: string) => ({ script: null, problem });
  try {
    const found = await lstat(path);
    // What a link leads to may be anything, and would be shown.
    if (!found.isFile()) return no("It is not a plain file.");
    if (found.size > 4 * MAX_SCRIPT_CHARS) return no(`A script has at most ${MAX_SCRIPT_CHARS} characters.`);
    return { script: await readFile(path, "utf8"), problem: null };
  } catch (error) {
    return no(hasCode(error, "EACCES") ? "The daemon may not read it." : say(error).slice(0, 1000));
  }
}
