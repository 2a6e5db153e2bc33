import { expect, it } from "vitest";
import { newId } from "../../../protocol/ids.ts";
import type { Workflow } from "../../../protocol/runs.ts";
import { byPlace } from "./byPlace.ts";

const b = newId("hst");
const a = newId("hst");
const one = (name: string, over: Partial<Workflow>): Workflow => ({
  name,
  source: "project",
  meta: { name, description: "" },
  version: 1,
  updated_at: null,
  by: null,
  ...over,
});

it("has the team's first, then each host's by directory, then what is built in", () => {
  const groups = byPlace(
    [
      one("of b", { host: b, root: "/work/shop" }),
      one("built", { source: "catalogue" }),
      one("at home", { source: "home", host: a, root: "/home/ann" }),
      one("ours", { source: "team" }),
      one("of a", { host: a, root: "/work/shop" }),
      one("of b too", { host: b, root: "/work/shop" }),
    ],
    (host) => (host === a ? "alpha" : "beta"),
  );
  expect(
    groups.map(({ title, note, workflows }) => [title, note, workflows.map(({ name }) => name)]),
  ).toEqual([
    ["Your team’s", null, ["ours"]],
    ["On alpha", "/work/shop", ["of a"]],
    ["On alpha", "home directory", ["at home"]],
    ["On beta", "/work/shop", ["of b", "of b too"]],
    ["Come with Signalbox", null, ["built"]],
  ]);
});
