import { join } from "node:path";
import type { CommandResult } from "../../protocol/commands.ts";
import { MAX_OUTPUT_BYTES } from "../../protocol/limits.ts";
import { run } from "../run.ts";
import { cleanEnvironment } from "./cleanEnvironment.ts";
import { collectOutput } from "./collectOutput.ts";
import { RESTART_PATIENCE, restartService, withSudo } from "./restartService.ts";
import type { RestartPatience } from "./restartService.ts";
import type { ServiceConfig, ServicesConfig } from "./services.ts";
import type { ToolCall } from "./toolCall.ts";
import { refused, told } from "./toolResult.ts";

const TIMEOUT_MS = 30_000;

export type ServiceTools = {
  status(input: { service: string }, call: ToolCall): Promise<CommandResult>;
  jobs(input: { service: string }, call: ToolCall): Promise<CommandResult>;
  restart(input: { service: string }, call: ToolCall): Promise<CommandResult>;
};

/** The tools for the services that this host's configuration names; nothing else can be reached by them. */
export function makeServiceTools(deps: {
  services: ServicesConfig;
  env: NodeJS.ProcessEnv;
  stateDir: string;
  patience?: RestartPatience;
}): ServiceTools {
  const services = new Map(Object.entries(deps.services));
  // A person's own services (systemctl --user) are found by their bus.
  const bus = deps.env.DBUS_SESSION_BUS_ADDRESS;
  const env = cleanEnvironment(deps.env, bus === undefined ? {} : { DBUS_SESSION_BUS_ADDRESS: bus });
  /** The last restart of each service: two at once would each take the other's instance for a second one. */
  const restarts = new Map<string, Promise<unknown>>();

  function unknown(name: string): CommandResult {
    const names = [...services.keys()];
    const known =
      names.length === 0
        ? "None is configured (`services` in agent.yaml)."
        : `Configured: ${names.slice(0, 50).join(", ")}.`;
    return refused("unknown_service", `This host has no service ${name}. ${known}`);
  }

  async function show(
    argv: ServiceConfig["restart"],
    service: ServiceConfig,
    signal: AbortSignal,
  ): Promise<CommandResult> {
    const output = collectOutput(MAX_OUTPUT_BYTES - 512);
    const result = await run({
      argv: withSudo(service, argv),
      cwd: "/",
      env,
      timeoutMs: TIMEOUT_MS,
      maxOutputBytes: 0,
      signal,
      onStdout: (chunk) => output.add(1, chunk),
      onStderr: (chunk) => output.add(2, chunk),
    });
    const { text, cut } = output.result();
    const shown = text.replace(/\n$/, "");
    switch (result.status) {
      case "exited":
        return told(result.code === 0, shown === "" ? "(no output)" : shown, { cut, exitCode: result.code });
      case "aborted":
        return { status: "cancelled" };
      case "timeout":
        return told(false, `${shown}\n[ended after ${TIMEOUT_MS / 1000} s: its time was over]`.trim(), {
          cut,
          exitCode: null,
        });
      case "signalled":
        return told(false, `${shown}\n[ended by ${result.signal}]`.trim(), { cut, exitCode: null });
      case "unstarted":
        return told(false, `${argv[0]} could not be started (${result.message.slice(0, 500)}).`, {
          exitCode: null,
        });
    }
  }

  return {
    async status({ service: name }, call) {
      const service = services.get(name);
      return service === undefined ? unknown(name) : show(service.status, service, call.signal);
    },
    async jobs({ service: name }, call) {
      const service = services.get(name);
      if (service === undefined) return unknown(name);
      if (service.jobs === undefined)
        return refused("not_configured", `${name} has no \`jobs\` in this host's configuration.`);
      return show(service.jobs, service, call.signal);
    },
    async restart({ service: name }, call) {
      const service = services.get(name);
      if (service === undefined) return unknown(name);
      const before = restarts.get(name) ?? Promise.resolve();
      const work = before.then(async (): Promise<CommandResult> => {
        if (call.signal.aborted) return { status: "cancelled" };
        const directory = join(deps.stateDir, "services");
        return restartService({ name, service, env, directory, patience: deps.patience ?? RESTART_PATIENCE });
      });
      const tail = work.then(
        () => {},
        () => {}, // its own caller hears of it; the next restart does not depend on it
      );
      restarts.set(name, tail);
      return work;
    },
  };
}
