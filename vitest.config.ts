import path from "node:path";
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-pool-workers";
import { defineConfig } from "vitest/config";

/** No test asserts a duration: this only ends one that hangs, on a machine that may be slow and busy. */
const PATIENCE_MS = 120_000;

/** A browser's click, or the start of a process, can lose a race on a busy machine: CI tries once more, and the report says so. */
const SECOND_TRY = process.env.CI === undefined ? 0 : 1;

/**
 * What runs when LIVE_AGENTS=1 asks for it. Live Codex is not settled: now and then a second terminal in one directory is
 * not joined, or a turn that has just begun is not known (its page and its kill rounds are in the default run).
 */
const UNSETTLED =
  process.env.LIVE_AGENTS === "1"
    ? []
    : [
        "tests/agents/codexLive.test.ts",
        // Only long: its rounds by the daemon alone are in the default run.
        "tests/chaos/owned.test.ts",
      ];

const NODE_ONLY = ["**/node_modules/**", "dist/**"];

export default defineConfig(async () => {
  const TEST_MIGRATIONS = await readD1Migrations(path.join(import.meta.dirname, "migrations"));
  return {
    test: {
      // What a file's tests have begun and not waited for (a chat that goes on) may ask for a module when the file is over.
      onUnhandledError: ({ name, message }) =>
        name === "EnvironmentTeardownError" && message.includes("Closing rpc") ? false : undefined,
      projects: [
        {
          plugins: [
            cloudflareTest({
              wrangler: { configPath: "./wrangler.toml" },
              miniflare: {
                // In place of those in wrangler.toml: a test does not wait for a message to die.
                queueConsumers: {
                  "signalbox-tasks": {
                    maxBatchSize: 10,
                    maxBatchTimeout: 0,
                    maxRetries: 1,
                    deadLetterQueue: "signalbox-tasks-dead",
                  },
                  "signalbox-tasks-dead": { maxBatchSize: 10, maxBatchTimeout: 0 },
                },
                bindings: {
                  TEST_MIGRATIONS,
                  // All of it in CI; a person at the keyboard gets a tenth, unless they ask for more.
                  FUZZ_INPUTS: process.env.FUZZ_INPUTS ?? (process.env.CI === undefined ? "1000" : "10000"),
                  SIGNALBOX_MODE: "local",
                  SETTINGS_SECRET: "settings-secret-of-the-tests",
                  // SHA-256 of "owner-token-of-the-tests"
                  OWNER_TOKEN_SHA256: "a6bdc1fcb48b7d33d44a22d2b7ceb01e536211e050f37f8e1d36d66862aef7ba",
                },
              },
            }),
          ],
          test: {
            name: "workers",
            setupFiles: ["./tests/support/patience.ts", "./tests/workers/setup.ts"],
            include: ["tests/workers/**/*.test.ts", "worker/**/*.test.ts", "durable-objects/**/*.test.ts"],
            exclude: NODE_ONLY,
            testTimeout: PATIENCE_MS,
            hookTimeout: PATIENCE_MS,
          },
        },
        {
          test: {
            name: "node",
            environment: "node",
            setupFiles: ["./tests/support/patience.ts"],
            expect: { poll: { timeout: 30_000 } },
            include: [
              "agent-daemon/**/*.test.ts",
              "protocol/**/*.test.ts",
              "scripts/**/*.test.ts",
              "tests/models/**/*.test.ts",
            ],
            exclude: NODE_ONLY,
            retry: SECOND_TRY,
            testTimeout: PATIENCE_MS,
            hookTimeout: PATIENCE_MS,
          },
        },
        {
          test: {
            name: "web",
            environment: "node",
            include: ["web/**/*.test.ts", "web/**/*.test.tsx"],
            exclude: NODE_ONLY,
            retry: SECOND_TRY,
            testTimeout: PATIENCE_MS,
            hookTimeout: PATIENCE_MS,
          },
        },
        {
          test: {
            name: "e2e",
            environment: "node",
            include: ["tests/e2e/**/*.test.ts", "tests/agents/**/*.test.ts"],
            exclude: [...NODE_ONLY, ...UNSETTLED],
            retry: SECOND_TRY,
            testTimeout: 180_000,
            hookTimeout: 180_000,
            fileParallelism: false,
          },
        },
        {
          // Agents that are fetched only for this: `npm run nightly`.
          test: {
            name: "nightly",
            environment: "node",
            include: ["tests/nightly/**/*.test.ts"],
            exclude: NODE_ONLY,
            testTimeout: 300_000,
            hookTimeout: 300_000,
            fileParallelism: false,
          },
        },
        {
          // Tried once more in CI too: on a machine that does something else beside it a turn may not end in time. The
          // report shows the first try, and it is to be looked at.
          test: {
            name: "chaos",
            environment: "node",
            include: ["tests/chaos/**/*.test.ts"],
            exclude: [...NODE_ONLY, ...UNSETTLED],
            retry: SECOND_TRY,
            testTimeout: 180_000,
            hookTimeout: 180_000,
            fileParallelism: false,
          },
        },
      ],
    },
  };
});
