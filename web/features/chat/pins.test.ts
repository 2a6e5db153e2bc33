import { describe, expect, it } from "vitest";
import { MOST_PINS, pinsOf, rememberPins, withPins } from "./pins.ts";

describe("pins", () => {
  it("are those of the address, in order and once each, whatever stands there", () => {
    expect(pinsOf("s", "?tab=events&pins=9,3,9")).toEqual([3, 9]);
    expect(pinsOf("s", "?pins=x,-1,0,1.5,,7")).toEqual([7]);
    expect(pinsOf("s", "?pins=")).toEqual([]);
    const many = Array.from({ length: 100 }, (_, index) => index + 1).join(",");
    expect(pinsOf("s", `?pins=${many}`)).toHaveLength(MOST_PINS);
  });

  it("are those that were remembered when the address names none", () => {
    rememberPins("a", [4, 8]);
    rememberPins("b", [1]);
    expect(pinsOf("a", "")).toEqual([4, 8]);
    expect(pinsOf("a", "?pins=2")).toEqual([2]);
    rememberPins("a", []);
    expect(pinsOf("a", "")).toEqual([]);
    expect(pinsOf("b", "?tab=details")).toEqual([1]);
  });

  it("stand in the address beside what else is there", () => {
    expect(withPins("?tab=events", [3, 9])).toBe("?tab=events&pins=3,9");
    expect(withPins("?tab=events&pins=3,9", [])).toBe("?tab=events");
    expect(withPins("?pins=3", [])).toBe("");
  });
});
