import { Agent, type IncomingMessage, request } from "node:http";
import { createInterface } from "node:readline";

/** A server of OpenCode on this machine. */
export type OpencodePlace = { url: string; directory: string; user?: string; password?: string };
export type Answer = { status: number; body: unknown };

/** A connection to a server of OpenCode. */
export type Opencode = {
  /** Never rejects: status 0 says that the server cannot be reached, and why. */
  ask(method: "GET" | "POST", path: string, body?: unknown): Promise<Answer>;
  /** Hears everything that happens from now on; resolves when the server is gone, or does not want us. */
  follow(hear: (event: unknown) => void): Promise<void>;
  close(): void;
};

const ANSWER_MS = 30_000;
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

export function openOpencode({ url, directory, user, password }: OpencodePlace): Opencode {
  const agent = new Agent({ keepAlive: true });
  const closing = new AbortController();
  const headers = {
    "x-opencode-directory": encodeURIComponent(directory),
    ...(password === undefined
      ? {}
      : { authorization: `Basic ${Buffer.from(`${user ?? "opencode"}:${password}`).toString("base64")}` }),
  };

  function send(method: string, path: string, body: unknown, timeout: number): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const sent = request(new URL(path, url), {
        method,
        agent,
        timeout,
        signal: closing.signal,
        headers: { ...headers, ...(body === undefined ? {} : { "content-type": "application/json" }) },
      });
      sent.on("response", resolve);
      sent.on("error", reject);
      sent.on("timeout", () => sent.destroy(new Error("OpenCode does not answer.")));
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  return {
    async ask(method, path, body) {
      try {
        const response = await send(method, path, body, ANSWER_MS);
        return { status: response.statusCode ?? 0, body: await readBody(response) };
      } catch (error) {
        return { status: 0, body: { message: String(error) } };
      }
    },
    async follow(hear) {
      try {
        const response = await send("GET", "/event", undefined, 0);
        if (response.statusCode !== 200) return;
        for await (const line of createInterface(response)) {
          if (!line.startsWith("data:")) continue;
          const event = parse(line.slice("data:".length));
          if (event !== undefined) hear(event);
        }
      } catch {
        return; // it is gone: whoever follows learns that by the end
      }
    },
    close() {
      closing.abort();
      agent.destroy();
    },
  };
}

async function readBody(response: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) throw new Error("OpenCode's answer is too long.");
    chunks.push(Buffer.from(chunk));
  }
  return parse(Buffer.concat(chunks).toString("utf8"));
}

/** Undefined for what is no JSON: an answer without a body, for example. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
