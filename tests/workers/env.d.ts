import type { D1Migration } from "@cloudflare/vitest-pool-workers";
import type { Env } from "../../durable-objects/shared/env.ts";

declare global {
  namespace Cloudflare {
    interface GlobalProps {
      mainModule: typeof import("../../worker/index.ts");
    }
    interface Env extends SignalboxEnv {
      TEST_MIGRATIONS: D1Migration[];
      FUZZ_INPUTS: string;
    }
  }
}

type SignalboxEnv = Env;
