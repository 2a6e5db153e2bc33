import { describe, test } from "vitest";
import { isAnsweredHere } from "./isAnsweredHere.ts";

describe("a request is answered at the terminal", () => {
  const at = (status: "idle" | "busy" | "waiting", statusUpdatedAt: number) => ({ status, statusUpdatedAt });

  test("when Claude waits no more", ({ expect }) => {
    expect(isAnsweredHere(1_000, at("busy", 2_000), 2_400)).toBe("yes");
    expect(isAnsweredHere(1_000, at("idle", 2_000), 9_000)).toBe("yes");
  });

  test("not while it waits, or has not begun to", ({ expect }) => {
    expect(isAnsweredHere(1_000, at("waiting", 2_000), 9_000)).toBe("no");
    expect(isAnsweredHere(1_000, at("busy", 900), 9_000)).toBe("no");
  });

  test("not between two dialogs", ({ expect }) => {
    expect(isAnsweredHere(1_000, at("busy", 2_000), 2_100)).toEqual({ askAgainIn: 300 });
  });

  test("not by a Claude that says nothing of itself", ({ expect }) => {
    expect(isAnsweredHere(1_000, undefined, 9_000)).toBe("no");
    expect(isAnsweredHere(1_000, { status: undefined, statusUpdatedAt: undefined }, 9_000)).toBe("no");
  });
});
