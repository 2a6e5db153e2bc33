import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { afterAll, beforeAll, test } from "vitest";
import { page } from "../../protocol/api.ts";
import { RunDetail, Workflow } from "../../protocol/runs.ts";
import { Signalbox, until } from "../support/signalbox.ts";

const HostList = z.object({ items: z.array(z.object({ presence: z.string() })) });

let signalbox: Signalbox;

beforeAll(async () => {
  signalbox = await Signalbox.start();
  await until("an online host", async () => {
    const { items } = await signalbox.api(HostList, "/api/hosts");
    return items.some(({ presence }) => presence === "online");
  });
});
afterAll(() => signalbox.stop());

function write(name: string, script: string): void {
  const folder = join(signalbox.work, ".signalbox/workflows");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), script);
}

test("a newcomer runs multi-review from the command line, without a model", async ({ expect }) => {
  const list = await signalbox.cli("workflows");
  expect(list.out).toMatch(/multi-review .*\(built in\)/);
  const { code, out } = await signalbox.cli("workflows", "run", "multi-review", "--args", '{"target":"src"}');
  expect(out).toMatch(/4 findings are left of 4 reviews/);
  expect(out).toMatch(/"target": "src"/);
  expect(code).toBe(0);
  const shown = await signalbox.cli("workflows", "show", "--json");
  expect(RunDetail.parse(JSON.parse(shown.out)).run).toMatchObject({
    status: "completed",
    steps: { completed: 8 },
  });
});

test("files of the directory are found and run; a broken one is listed with its line", async ({ expect }) => {
  write(
    "mine.js",
    'export const meta = { name: "mine", description: "of this project" };\nreturn await agent("say " + args);',
  );
  write("broken.js", 'export const meta = { name: "broken", description: "" };\nconst a = ;');
  const list = await signalbox.cli("workflows");
  expect(list.out).toMatch(/mine +of this project \(.*mine\.js\)/);
  expect(list.out).toMatch(/broken +Line 2: Unexpected token/);
  const { code, out } = await signalbox.cli("workflows", "run", "mine", "-a", "words of mine");
  expect([code, out]).toEqual([0, expect.stringMatching(/"words of mine"/)]);
  const refused = await signalbox.cli("workflows", "run", "broken");
  expect([refused.code, refused.out]).toEqual([1, expect.stringMatching(/broken\.js: Line 2/)]);
});

test("a run is stopped by the end of its id, and says so", async ({ expect }) => {
  write(
    "long.js",
    'export const meta = { name: "long", description: "" };\nlog("begun");\nreturn await approve("Go on?");',
  );
  const { out: id } = await signalbox.cli("workflows", "run", "long", "--detach");
  await until("its word", async () => (await signalbox.cli("workflows", "logs")).out.includes("begun"));
  expect((await signalbox.cli("workflows", "cancel", id.trim().slice(-8))).code).toBe(0);
  expect((await signalbox.cli("workflows", "runs")).out).toMatch(/long  cancelled/);
});

test("files of a workspace are listed by themselves, and while the daemon is away; what changed meanwhile is told", async ({
  expect,
}) => {
  const files = async () => {
    const { items } = await signalbox.api(page(Workflow), "/api/workflows");
    return items.filter(({ root }) => root === signalbox.work);
  };
  const one = async (name: string) => (await files()).find((each) => each.name === name);
  write("watched.js", 'export const meta = { name: "watched", description: "first" };\nreturn 1;');
  await until("the file in the list", async () => (await one("watched"))?.meta.description === "first");
  write("watched.js", 'export const meta = { name: "watched", description: "first" };\nreturn (;');
  await until(
    "what is wrong with it",
    async () => (await one("watched"))?.problem?.startsWith("Line 2: ") === true,
  );
  await signalbox.kill("agent");
  rmSync(join(signalbox.work, ".signalbox/workflows/watched.js"));
  write("later.js", 'export const meta = { name: "later", description: "" };\nreturn 1;');
  await until("what is there now", async () => {
    const now = await files();
    return (
      now.some(({ name, away }) => name === "later" && away !== true) &&
      now.every(({ name }) => name !== "watched")
    );
  });
  expect((await one("later"))?.path).toBe(join(signalbox.work, ".signalbox/workflows/later.js"));
});
