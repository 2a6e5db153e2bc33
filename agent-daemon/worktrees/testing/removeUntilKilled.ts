import { Worktree } from "../../../protocol/session.ts";
import { removeWorktree } from "../removeWorktree.ts";

// Removes a worktree after a snapshot, in a process that a test can kill.
await removeWorktree(Worktree.parse(JSON.parse(process.argv[2] ?? "")), { snapshot: true });
