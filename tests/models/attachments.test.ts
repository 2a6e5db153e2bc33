import type { ModelMessage } from "ai";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { askModel } from "../../worker/models/askModel.ts";
import { attachmentData, type OpenAttachment } from "../../worker/models/loadAttachments.ts";
import type { ModelEnv } from "../../worker/models/modelEnv.ts";
import { startFakeModel, type FakeModel } from "../support/fakeModel/startFakeModel.ts";

let server: FakeModel;
let env: ModelEnv;
beforeAll(async () => {
  server = await startFakeModel();
  env = {
    OPENAI_COMPATIBLE_BASE_URL: `${server.url}/v1/`,
    OPENAI_COMPATIBLE_MODELS: "seer:32k+images,llava:32k+noimages,tiny:1024",
    OPENAI_BASE_URL: `${server.url}/v1`,
    OPENAI_API_KEY: "key",
    DEEPSEEK_BASE_URL: `${server.url}/deepseek`,
    DEEPSEEK_API_KEY: "key",
    ANTHROPIC_BASE_URL: server.url,
    ANTHROPIC_API_KEY: "key",
  };
});
afterAll(() => server.stop());
beforeEach(() => void server.asked.splice(0));

const PIXELS = Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 1, 2, 3, 255]);
const BASE64 = "iVBORwECA/8=";
const text = (content: string) => new TextEncoder().encode(content);
type Stored = { type: string; bytes: Uint8Array; size?: number; width?: number };
const FILES: Record<string, Stored> = {
  "shot.png": { type: "image/png", bytes: PIXELS },
  "notes.txt": { type: "text/plain", bytes: text("what stands in the notes") },
  "long.txt": { type: "text/plain", bytes: text("ž".repeat(60_000)) },
  "more.txt": { type: "text/plain", bytes: text("m".repeat(60_000)) },
  "data.zip": { type: "application/octet-stream", bytes: PIXELS },
  "torn.png": { type: "image/png", bytes: new Uint8Array(6) },
  "heavy.png": { type: "image/png", bytes: PIXELS, size: 3_750_001 },
  "wide.png": { type: "image/png", bytes: PIXELS, width: 9000 },
};
const open: OpenAttachment = async (name) => {
  const found = FILES[name];
  if (found === undefined) return null;
  const { type, bytes, size = bytes.byteLength, width = 10 } = found;
  return { id: name, name, type, size, width, height: 10, bytes: async (most) => bytes.slice(0, most) };
};

const said = (words: string, ...names: string[]): ModelMessage => ({
  role: "user",
  content: [
    { type: "text", text: words },
    ...names.map((name) => {
      const mediaType = FILES[name]?.type ?? "image/png";
      return { type: "file", mediaType, filename: name, data: attachmentData(name) } as const;
    }),
  ],
});

/** Asks, and tells what was sent of the last message and what came back. */
async function ask(model: string, ...messages: ModelMessage[]) {
  const signal = new AbortController().signal;
  const retries: string[] = [];
  let answer = "";
  const request = { model, effort: null, instructions: "Look.", messages, signal };
  for await (const part of askModel(
    async () => env,
    request,
    open,
    (why) => retries.push(why),
  ))
    if (part.type === "text") answer += part.text;
  const body = Body.parse(server.asked.at(-1)?.body);
  const content = (body.messages ?? body.input)?.at(-1)?.content;
  const parts = typeof content === "string" ? [{ type: "text", text: content }] : (content ?? []);
  const words = parts.map((part) => ("text" in part ? String(part.text) : "")).join("\n");
  return { answer, retries, parts, words };
}
const Messages = z.array(
  z.looseObject({
    content: z.union([z.string(), z.array(z.looseObject({ type: z.string() }))]).optional(),
  }),
);
const Body = z.looseObject({ messages: Messages.optional(), input: Messages.optional() });

const isText = ({ type }: { type: string }): boolean => type === "text" || type === "input_text";
const IMAGE_URL = { type: "image_url", image_url: { url: `data:image/png;base64,${BASE64}` } };
const INPUT_IMAGE = { type: "input_image", image_url: `data:image/png;base64,${BASE64}` };
const BLOCK = { type: "image", source: { type: "base64", media_type: "image/png", data: BASE64 } };

describe.each([
  ["compatible/seer", IMAGE_URL],
  ["openai/gpt-5.5", INPUT_IMAGE],
  ["deepseek/deepseek-flash", IMAGE_URL],
  ["anthropic/claude-sonnet-5-5", BLOCK],
])("%s", (model, image) => {
  it("gets images in its own form, text as text, and the rest in words", async () => {
    const { answer, parts, words } = await ask(
      model,
      said("SAY: seen", "shot.png", "notes.txt", "data.zip", "lost.png"),
    );
    expect(answer).toBe("seen");
    expect(parts.map(isText)).toEqual([true, false, true, true, true]);
    expect(parts[1]).toMatchObject(image);
    expect(JSON.stringify(parts)).not.toContain("signalbox");
    expect(words).toContain(
      "[Attached file notes.txt (text/plain, 24 bytes):]\nwhat stands in the notes\n[End",
    );
    expect(words).toContain(
      "[The file data.zip (application/octet-stream, 8 bytes) is attached. Its content cannot",
    );
    expect(words).toContain("[The file lost.png was attached; it is not there any more.]");
    expect(server.refused).toEqual([]);
  });

  it("is told of images that are too large, and of a text that is cut", async () => {
    const { parts, words } = await ask(model, said("SAY: ok", "heavy.png", "wide.png", "long.txt"));
    expect(parts.every(isText)).toBe(true);
    expect(words).toContain(
      "heavy.png (image/png, 3,750,001 bytes), is attached, and not shown: it is larger than",
    );
    expect(words).toContain("9000 × 10 pixels are more than 8000 on a side");
    expect(words).toMatch(/ž\n\[… cut: these are the first [\d,]+ bytes\]\n\[End of long\.txt\]/);
    expect(words).not.toContain("\ufffd");
  });

  it("is asked again without the images when it refuses them", async () => {
    const { answer, retries, parts, words } = await ask(model, said("SAY: blind", "shot.png", "torn.png"));
    expect(answer).toBe("blind");
    expect(retries).toEqual([expect.stringContaining("It is asked again without the images.")]);
    expect(parts.every(isText)).toBe(true);
    server.refused.splice(0);
    expect(words).toContain("[An image, shot.png (image/png, 8 bytes), is attached, and not shown:");
  });
});

it("describes images to a model that takes none", async () => {
  const { parts, words } = await ask("compatible/llava", said("SAY: ok", "shot.png"));
  expect(parts.every(isText)).toBe(true);
  expect(words).toContain(
    "[An image, shot.png (image/png, 8 bytes), is attached, and not shown: this model takes no images.]",
  );
});

it("leaves room in a small window: no file fills it, nor do all together, and the newest come first", async () => {
  const model = "compatible/tiny";
  const { words } = await ask(
    model,
    said("SAY: a", "long.txt", "more.txt", "notes.txt"),
    said("SAY: b", "more.txt"),
  );
  expect(words.match(/m/g)?.length).toBeLessThan(1200);
  const [first] = Body.parse(server.asked.at(-1)?.body).messages?.slice(1) ?? [];
  const earlier = JSON.stringify(first?.content);
  expect(earlier).toContain(
    "more.txt (text/plain, 60,000 bytes) is attached, and not shown: newer files take all the room",
  );
  expect(earlier.length).toBeLessThan(3000);
});

it("sends so many images as every provider takes, the newest", async () => {
  const many = Array.from({ length: 12 }, () => "shot.png");
  await ask(
    "anthropic/claude-sonnet-5-5",
    said("SAY: a", ...many),
    { role: "assistant", content: "a" },
    said("SAY: b", ...many),
  );
  const body = JSON.stringify(server.asked.at(-1)?.body);
  expect(body.match(/"type":"image"/g)).toHaveLength(20);
  expect(body.match(/newer files take all the room/g)).toHaveLength(4);
});
