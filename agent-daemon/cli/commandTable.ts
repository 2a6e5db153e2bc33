import type { CommandSpec } from "./CommandSpec.ts";
import type { Invocation } from "./invocation.ts";
import { upSpec } from "./commands/up.ts";
import { downSpec } from "./commands/down.ts";
import { restartSpec } from "./commands/restart.ts";
import { statusSpec } from "./commands/status.ts";
import { connectSpec } from "./commands/connect.ts";
import { sessionsSpec } from "./commands/sessions.ts";
import { attachSpec } from "./commands/attach.ts";
import { sendSpec } from "./commands/send.ts";
import { approveSpec } from "./commands/approve.ts";
import { startSpec } from "./commands/start.ts";
import { worktreesSpec } from "./commands/worktrees.ts";
import { workflowsSpec } from "./commands/workflows.ts";
import { tasksSpec } from "./commands/tasks.ts";
import { scheduleSpec } from "./commands/schedule.ts";
import { hooksSpec } from "./commands/hooks.ts";
import { logsSpec } from "./commands/logs.ts";
import { doctorSpec } from "./commands/doctor.ts";

/** Every command of `signalbox`, in the order in which help lists them. */
export const COMMANDS: Record<Invocation["command"], CommandSpec> = {
  up: upSpec,
  down: downSpec,
  restart: restartSpec,
  status: statusSpec,
  connect: connectSpec,
  sessions: sessionsSpec,
  attach: attachSpec,
  send: sendSpec,
  approve: approveSpec,
  start: startSpec,
  worktrees: worktreesSpec,
  workflows: workflowsSpec,
  tasks: tasksSpec,
  schedule: scheduleSpec,
  hooks: hooksSpec,
  logs: logsSpec,
  doctor: doctorSpec,
};
