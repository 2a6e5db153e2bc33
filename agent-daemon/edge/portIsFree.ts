import { createServer } from "node:net";
import { hasCode } from "../system/readFileIfThere.ts";

/** Whether a port of loopback can be listened on now. */
export function portIsFree(port: number): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const server = createServer();
  server.once("error", (error) => {
    if (hasCode(error, "EADDRINUSE")) resolve(false);
    else reject(error);
  });
  server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  return promise;
}
