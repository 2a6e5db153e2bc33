import * as z from "zod";
import { WorkflowMeta } from "./runs.ts";

/** Files that a host tells of at most, and characters of all their scripts. */
export const MAX_WORKFLOW_FILES = 100;
export const MAX_WORKFLOW_FILE_CHARS = 700 * 1024;
const PathText = z.string().max(4096);
const Place = z.enum(["project", "home"]);

/** Which workflow scripts lie in a directory, and in the home directory? */
export const WorkflowFilesQuestion = z.object({
  type: z.literal("workflows"),
  directory: PathText.startsWith("/").optional(),
});
export type WorkflowFilesQuestion = z.infer<typeof WorkflowFilesQuestion>;

/** A workflow script on a host; `problem`: why it could not be read. */
export const WorkflowFile = z.object({
  path: PathText,
  place: Place,
  script: z.string().nullable(),
  problem: z.string().max(4000).nullable(),
});
export type WorkflowFile = z.infer<typeof WorkflowFile>;

export const WorkflowFiles = z.object({
  status: z.literal("workflows"),
  items: z.array(WorkflowFile).max(MAX_WORKFLOW_FILES),
});
export type WorkflowFiles = z.infer<typeof WorkflowFiles>;

/** A workflow file as a daemon tells of it by itself: what it says of itself, without its script. */
export const WorkflowListing = z.object({
  path: PathText,
  place: Place,
  /** The directory that it belongs to: its agents work there. */
  root: PathText,
  meta: WorkflowMeta,
  /** Why it cannot run, with its line. */
  problem: z.string().max(1000).nullable(),
  /** Of its script; null when it could not be read. */
  hash: z.string().max(64).nullable(),
});
export type WorkflowListing = z.infer<typeof WorkflowListing>;
