import type { HostObject } from "../host/HostObject.ts";
import type { ModelEnv } from "../../worker/models/modelEnv.ts";
import type { HubObject } from "../hub/HubObject.ts";
import type { SessionObject } from "../session/SessionObject.ts";
import type { ClockObject } from "../clock/ClockObject.ts";
import type { TaskMessage } from "../../worker/tasks/TaskMessage.ts";
import type { RunParams } from "../../worker/workflows/RunWorkflow.ts";

/** The bindings of wrangler.toml, and the variables of a deployment. */
export interface Env extends ModelEnv {
  SESSION: DurableObjectNamespace<SessionObject>;
  HOST: DurableObjectNamespace<HostObject>;
  HUB: DurableObjectNamespace<HubObject>;
  CLOCK: DurableObjectNamespace<ClockObject>;
  /** Runs of workflow scripts. */
  RUNS: Workflow<RunParams>;
  /** Where workflow scripts run, apart from everything. */
  LOADER: WorkerLoader;
  TASKS: Queue<TaskMessage>;
  DB: D1Database;
  /** Blobs by prefix, `<prefix>/<team>/<session>/…`: attachments, long inputs and outputs of spans. */
  BLOBS: R2Bucket;
  ASSETS: Fetcher;
  /** Largest attachment in bytes; 20 MB when it is not given. */
  ATTACHMENT_MAX_BYTES?: string;
  /** `local`: one person on one machine, loopback only. */
  SIGNALBOX_MODE?: string;
  /** SHA-256 (hex) of the owner's API token. */
  OWNER_TOKEN_SHA256?: string;
  /** Encrypts what administrators set and nobody may read (keys of models). Without it none is kept. */
  SETTINGS_SECRET?: string;
  /** How long an approval waits for its decision: `30m`, `12h`, `7d` (the default). */
  SIGNALBOX_APPROVAL_EXPIRY?: string;
  /** How long tasks and runs are kept after their end: 30d when it is not given. */
  SIGNALBOX_KEEP_WORK?: string;
  /** How many tasks of a team run at once (16), of those on one host (4), and in one directory of it (as many). */
  SIGNALBOX_TASKS_AT_ONCE?: string;
  SIGNALBOX_TASKS_PER_HOST?: string;
  SIGNALBOX_TASKS_PER_WORKSPACE?: string;
}
