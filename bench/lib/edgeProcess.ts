import * as z from "zod";
import type { EdgeMessage } from "../../agent-daemon/edge/edgeMessages.ts";
import { runEdge } from "../../agent-daemon/edge/runEdge.ts";
import { serveHelper } from "./serveHelper.ts";

const Start = z.object({ home: z.string(), dist: z.string() });

let edge: { stop(): Promise<void> } | null = null;

serveHelper(
  {
    async start(input) {
      const { home, dist } = Start.parse(input);
      const { promise, resolve, reject } = Promise.withResolvers<{ url: string; workerd: number[] }>();
      let workerd: number[] = [];
      const told = (message: EdgeMessage) => {
        if (message.type === "children") workerd = message.children.map(({ pid }) => pid);
        else if (message.type === "failed") reject(new Error(message.message));
        else resolve({ url: message.url, workerd });
      };
      edge = await runEdge({ home, dist, port: 0 }, told);
      return promise;
    },
  },
  () => edge?.stop(),
);
