/** Codex's own words for what it may do without asking; the policies ask in a workspace that it may write. */
const SANDBOXES = {
  "read-only": { type: "readOnly", networkAccess: false },
  "workspace-write": {
    type: "workspaceWrite",
    writableRoots: [],
    networkAccess: false,
    excludeTmpdirEnvVar: false,
    excludeSlashTmp: false,
  },
  "danger-full-access": { type: "dangerFullAccess" },
} as const;
const POLICIES = new Set(["untrusted", "on-request", "never"]);

/** A mode, as a conversation begins with it and as a turn does. `danger-full-access` asks nothing. */
export function codexMode(mode: string | null) {
  const sandbox = isSandbox(mode) ? mode : "workspace-write";
  const asks = sandbox === "danger-full-access" ? "never" : "on-request";
  const approvalPolicy = mode !== null && POLICIES.has(mode) ? mode : asks;
  return {
    thread: { approvalPolicy, sandbox },
    turn: { approvalPolicy, sandboxPolicy: SANDBOXES[sandbox] },
  };
}

function isSandbox(mode: string | null): mode is keyof typeof SANDBOXES {
  return mode !== null && mode in SANDBOXES;
}
