import { describe, expect, it } from "vitest";
import type { Model } from "../../../protocol/api.ts";
import { sampleHost } from "../../fixtures/sample.ts";
import { readSlash } from "./slash.ts";

const model = (id: string): Model => ({
  id,
  provider: id.split("/")[0] ?? "",
  name: id.toUpperCase(),
  context: 1000,
  images: false,
  reasoning: false,
  default: false,
});
const workshop = sampleHost({ name: "workshop" });
const work2 = sampleHost({ name: "work2" });
const known = {
  models: [model("offline/builtin"), model("openai/gpt"), model("openai/gpt-mini")],
  hosts: [workshop, work2],
  placesOf: (host: { id: string }) => (host.id === workshop.id ? ["/home/dev", "/srv"] : []),
};
const read = (text: string) => readSlash(text, known);
const labels = (text: string): string[] => {
  const slash = read(text);
  return slash.kind === "none" ? [] : slash.options.map(({ label }) => label);
};

describe("a text with a slash", () => {
  it.each(["hello", "", "/home/dev is full", "/nonsense", "/model\nx", "a /stop"])(
    "%j is a message",
    (text) => {
      expect(read(text)).toEqual({ kind: "none" });
    },
  );

  it("is completed as it is typed", () => {
    expect(labels("/")).toEqual(["/model", "/host", "/compact", "/stop", "/help"]);
    expect(labels("/m")).toEqual(["/model"]);
    expect(labels("/s")).toEqual(["/stop"]);
    expect(labels("/model gpt")).toEqual(["openai/gpt", "openai/gpt-mini"]);
    expect(labels("/host wor")).toEqual(["workshop", "work2"]);
    expect(labels("/host workshop /s")).toEqual(["/srv"]);
  });

  it.each<[string, object]>([
    ["/stop", { do: "stop" }],
    ["/stop ", { do: "stop" }],
    ["/compact", { do: "compact" }],
    ["/compact ", { do: "compact" }],
    ["/help", { do: "help" }],
    ["/model", { do: "pickModel" }],
    ["/model built", { do: "model", model: "offline/builtin" }],
    ["/model openai/gpt", { do: "model", model: "openai/gpt" }],
    ["/host", { do: "pickPlace" }],
    ["/host workshop", { do: "place", host: workshop.id, workspace: "/home/dev" }],
    ["/host Workshop /srv/x y", { do: "place", host: workshop.id, workspace: "/srv/x y" }],
  ])("%s does %o", (text, action) => {
    expect(read(text)).toMatchObject({ kind: "ready", action });
  });

  it.each(["/model nope", "/host nope", "/host work2"])("%s says what is wrong", (text) => {
    expect(read(text)).toMatchObject({ kind: "wrong", message: expect.stringMatching(/./) });
  });
});
