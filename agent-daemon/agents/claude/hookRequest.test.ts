import { describe, test } from "vitest";
import { AgentRequest } from "../../../protocol/requests.ts";
import { hookRequest } from "./hookRequest.ts";

describe("what Claude asks", () => {
  test.for(["Bash", "constructor", "__proto__", "toString", "mcp__x__y"])(
    "with the tool %s is a request that the edge takes, and asks like a command",
    (tool_name, { expect }) => {
      const request = hookRequest("one", { tool_name, tool_input: { command: "ls" }, cwd: "/work" });
      expect(AgentRequest.parse(request)).toMatchObject({ tool: tool_name, scope: "execute" });
    },
  );
});
