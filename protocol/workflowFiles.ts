import * as z from "zod";

/** Files that a host tells of at most, and characters of all their scripts. */
export const MAX_WORKFLOW_FILES = 100;
export const MAX_WORKFLOW_FILE_CHARS = 700 * 1024;
const PathText = z.string().max(4096);

/** Which workflow scripts lie in a directory, and in the home directory? */
export const WorkflowFilesQuestion = z.object({
  type: z.literal("workflows"),
  directory: PathText.startsWith("/").optional(),
});
export type WorkflowFilesQuestion = z.infer<typeof WorkflowFilesQuestion>;

/** A workflow script on a host; `problem`: why it could not be read. */
export const WorkflowFile = z.object({
  path: PathText,
  place: z.enum(["project", "home"]),
  script: z.string().nullable(),
  problem: z.string().max(4000).nullable(),
});
export type WorkflowFile = z.infer<typeof WorkflowFile>;

export const WorkflowFiles = z.object({
  status: z.literal("workflows"),
  items: z.array(WorkflowFile).max(MAX_WORKFLOW_FILES),
});
export type WorkflowFiles = z.infer<typeof WorkflowFiles>;
