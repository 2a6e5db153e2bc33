import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { watchEdge } from "./watchEdge.ts";

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  // SAFETY: it listens on a port.
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("an edge that answers nothing three times in a row is one that hangs", async () => {
  let asked = 0;
  const url = await serve(() => {
    asked += 1;
  });
  expect(await watchEdge(url, new AbortController().signal, 50)).toBe(true);
  expect(asked).toBe(3);
});

test("one that is slow now and then, says that it is ill, or is not there for a while is let be", async () => {
  let asked = 0;
  const over = new AbortController();
  const url = await serve((request, response) => {
    asked += 1;
    if (asked === 12) over.abort();
    if (asked % 3 === 1) return; // no answer
    if (asked % 3 === 2) return request.destroy();
    response.statusCode = 500;
    response.end();
  });
  expect(await watchEdge(url, over.signal, 50)).toBe(false);
  expect(asked).toBe(12);
  const closed = AbortSignal.timeout(500);
  expect(await watchEdge("http://127.0.0.1:9", closed, 50)).toBe(false);
});
