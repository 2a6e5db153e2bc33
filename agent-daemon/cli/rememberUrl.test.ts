import { test } from "vitest";
import { withUrl } from "./rememberUrl.ts";

test("the address is set and everything else stays as it was", ({ expect }) => {
  expect(withUrl("", "https://a")).toBe("url: https://a\n");
  expect(withUrl("# mine\nurl: https://b # old\ntmux:\n  adopt: agents\n", "https://a")).toBe(
    "# mine\nurl: https://a # old\ntmux:\n  adopt: agents\n",
  );
  expect(withUrl("url: https://a\n#x\n", "https://a")).toBe("url: https://a\n#x\n");
  expect(withUrl("a: [", "https://a")).toBeNull();
});
