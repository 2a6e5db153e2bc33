import { restartService } from "../restartService.ts";
import { ServiceConfig } from "../services.ts";

// A daemon of another user for tests: restarts one service, given as <configuration as JSON> <directory>.
const NOBODY = 65_534;
const [, , service = "", directory = ""] = process.argv;
process.setgroups?.([]);
process.setgid?.(NOBODY);
process.setuid?.(NOBODY);
const result = await restartService({
  name: "napper",
  service: ServiceConfig.parse(JSON.parse(service)),
  env: process.env,
  directory,
  patience: { restart: 5_000, old: 300, kill: 500, settle: 1_000, steady: 200 },
});
process.stdout.write(JSON.stringify(result));
