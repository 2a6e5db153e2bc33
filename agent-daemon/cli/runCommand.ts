import type { Context } from "./context.ts";
import type { Invocation } from "./invocation.ts";
import { approve } from "./commands/approve.ts";
import { attach } from "./commands/attach.ts";
import { connect } from "./commands/connect.ts";
import { doctor } from "./commands/doctor.ts";
import { down } from "./commands/down.ts";
import { hooks } from "./commands/hooks.ts";
import { logs } from "./commands/logs.ts";
import { restart } from "./commands/restart.ts";
import { schedule } from "./commands/schedule.ts";
import { send } from "./commands/send.ts";
import { sessions } from "./commands/sessions.ts";
import { start } from "./commands/start.ts";
import { status } from "./commands/status.ts";
import { tasks } from "./commands/tasks.ts";
import { up } from "./commands/up.ts";
import { worktrees } from "./commands/worktrees.ts";
import { workflows } from "./commands/workflows.ts";

/** Carries out a command; its exit code. */
export function runCommand(invocation: Invocation, context: Context): Promise<number> {
  switch (invocation.command) {
    case "up":
      return up(invocation.args, context);
    case "down":
      return down(context);
    case "restart":
      return restart(invocation.args, context);
    case "status":
      return status(invocation.args, context);
    case "connect":
      return connect(invocation.args, context);
    case "sessions":
      return sessions(invocation.args, context);
    case "attach":
      return attach(invocation.args, context);
    case "send":
      return send(invocation.args, context);
    case "approve":
      return approve(invocation.args, context);
    case "start":
      return start(invocation.args, context);
    case "schedule":
      return schedule(invocation.args, context);
    case "worktrees":
      return worktrees(invocation.args, context);
    case "workflows":
      return workflows(invocation.args, context);
    case "tasks":
      return tasks(invocation.args, context);
    case "hooks":
      return hooks(invocation.args, context);
    case "logs":
      return logs(invocation.args, context);
    case "doctor":
      return doctor(invocation.args, context);
  }
}
