import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { marker, ReplyParser, type ChannelEvent } from "./replyParser.ts";

const nonce = "@k3x9@";
const text = [
  `${marker.hello(nonce, "10 1700")}\n`,
  `hällo\nsecond @k3x line\n${marker.output(nonce)}\n`,
  `${marker.output(nonce)}\n`,
  `${marker.end(nonce)}\n`,
  `${marker.stage(nonce, 7)}\n`,
  `half\n${marker.end(nonce)}\n${nonce}?new\n`,
  `0:1: unknown command: x\n${marker.stage(nonce, 8)}\n`,
].join("");

const expected = [
  { type: "hello", text: "10 1700" },
  { type: "output", output: "hällo\nsecond @k3x line\n" },
  { type: "output", output: "" },
  { type: "end" },
  { type: "stage", stage: 7, said: "" },
  { type: "end" },
  { type: "stage", stage: 8, said: "0:1: unknown command: x" },
];

function readable(event: ChannelEvent) {
  return event.type === "output" ? { ...event, output: event.output.toString("utf8") } : event;
}

describe("ReplyParser", () => {
  it("cuts at markers, and passes over what a newer one might say", () => {
    expect(new ReplyParser(nonce).push(Buffer.from(text)).map(readable)).toEqual(expected);
  });

  it("reads the same however the bytes are cut", () => {
    const bytes = Buffer.from(text);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }), (sizes) => {
        const parser = new ReplyParser(nonce);
        const events: ChannelEvent[] = [];
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const size = sizes[i % sizes.length] ?? 1;
          events.push(...parser.push(bytes.subarray(at, at + size)));
          at += size;
        }
        expect(events.map(readable)).toEqual(expected);
      }),
    );
  });

  it("keeps bytes that are not UTF-8, and never throws on noise", () => {
    const bytes = Buffer.concat([Buffer.from([0xff, 0xfe, 10]), Buffer.from(`${marker.output(nonce)}\n`)]);
    expect(new ReplyParser(nonce).push(bytes)).toEqual([
      { type: "output", output: Buffer.from([0xff, 0xfe, 10]) },
    ]);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
        new ReplyParser(nonce).push(Buffer.from(noise));
      }),
    );
  });

  it("is not slow on a long reply that comes in small pieces", () => {
    const parser = new ReplyParser(nonce);
    const began = performance.now();
    for (let i = 0; i < 400; i++) parser.push(Buffer.alloc(4096, "x"));
    expect(parser.push(Buffer.from(`\n${marker.output(nonce)}\n`))).toHaveLength(1);
    expect(performance.now() - began).toBeLessThan(1000);
  });
});
