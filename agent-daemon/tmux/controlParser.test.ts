import { describe, expect, it } from "vitest";
import * as fc from "fast-check";
import { ControlParser, type ControlEvent } from "./controlParser.ts";

const text =
  "%begin 1700000000 260 0\n%end 1700000000 260 0\n%session-changed $0 my session\n" +
  "%begin 1700000001 300 1\nhällo\n%end 1 2 1\n%begin 9 9 1\n\n%end 1700000001 300 1\n" +
  "%window-close @3\n%begin 1700000001 301 1\nno such pane\n%error 1700000001 301 1\n%exit\n";

const expected = [
  { type: "reply", ok: true, own: false, output: "" },
  { type: "notification", name: "session-changed", rest: "$0 my session" },
  { type: "reply", ok: true, own: true, output: "hällo\n%end 1 2 1\n%begin 9 9 1\n\n" },
  { type: "notification", name: "window-close", rest: "@3" },
  { type: "reply", ok: false, own: true, output: "no such pane\n" },
  { type: "notification", name: "exit", rest: "" },
];

function readable(event: ControlEvent) {
  return event.type === "reply" ? { ...event, output: event.output.toString("utf8") } : event;
}

describe("ControlParser", () => {
  it("reads replies, errors and notifications, and is not fooled by output that looks like an end", () => {
    expect(new ControlParser().push(Buffer.from(text)).map(readable)).toEqual(expected);
  });

  it("reads the same however the bytes are cut", () => {
    const bytes = Buffer.from(text);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (sizes) => {
        const parser = new ControlParser();
        const events: ControlEvent[] = [];
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const size = sizes[i % sizes.length] ?? 1;
          events.push(...parser.push(bytes.subarray(at, at + size)));
          at += size;
        }
        expect(events.map(readable)).toEqual(expected);
      }),
    );
  });

  it("never throws on noise, and keeps bytes that are not UTF-8", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
        new ControlParser().push(Buffer.from(noise));
      }),
    );
    const [event] = new ControlParser().push(
      Buffer.concat([
        Buffer.from("%begin 1 1 1\n"),
        Buffer.from([0xff, 0xfe]),
        Buffer.from("\n%end 1 1 1\n"),
      ]),
    );
    expect(event).toEqual({ type: "reply", ok: true, own: true, output: Buffer.from([0xff, 0xfe, 10]) });
  });
});
