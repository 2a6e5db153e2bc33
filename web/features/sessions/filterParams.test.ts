import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SessionFilter } from "../../../protocol/filter.ts";
import { newId } from "../../../protocol/ids.ts";
import { Provider, SessionStatus } from "../../../protocol/session.ts";
import { readFilter, toggled, writeFilter } from "./filterParams.ts";

const host = newId("hst");

describe("the filter in the address bar", () => {
  it.each<[SessionFilter, string]>([
    [{}, ""],
    [{ host }, `?host=${host}`],
    [{ status: ["working", "waiting"], provider: ["codex"] }, "?status=working,waiting&provider=codex"],
    [{ attention: true, ended: false, text: "fix the parser" }, "?attention=1&ended=0&q=fix+the+parser"],
  ])("%o is %s", (filter, text) => {
    expect(writeFilter(filter)).toBe(text);
    expect(readFilter(text)).toEqual(filter);
  });

  it.each(["?status=dreaming&provider=,&host=nobody&ended=maybe&attention=", "?q=", "?", "?status=%00"])(
    "ignores nonsense: %s",
    (text) => {
      expect(readFilter(text)).toEqual({});
    },
  );

  it("comes back from any filter as it was", () => {
    const filters = fc.record(
      {
        host: fc.constant(host),
        status: fc.subarray(SessionStatus.options, { minLength: 1 }),
        provider: fc.subarray(Provider.options, { minLength: 1 }),
        attention: fc.boolean(),
        ended: fc.boolean(),
        text: fc
          .string({ minLength: 1, maxLength: 200, unit: "grapheme" })
          .filter((text) => text.length <= 200),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(filters, (filter) => {
        expect(readFilter(writeFilter(filter))).toEqual(filter);
      }),
    );
  });

  it("adds and takes away", () => {
    expect(toggled(undefined, "a")).toEqual(["a"]);
    expect(toggled(["a", "b"], "a")).toEqual(["b"]);
  });
});
