import { expect, it } from "vitest";
import { MAX_LIVE_OUTPUT_CHARS, MAX_OUTPUT_BYTES } from "../../protocol/limits.ts";
import { LIVE_CUT, startLiveText } from "./liveText.ts";
import { makeToolRig } from "./testing/toolRig.ts";

function collect() {
  const said: string[] = [];
  return { said, take: startLiveText((text) => said.push(text)) };
}

it("keeps characters whole across chunks, and streams apart", () => {
  const { said, take } = collect();
  const [first, second] = [Buffer.from("grüß "), Buffer.from("日本")];
  for (const byte of first) take(1, Buffer.from([byte]));
  take(2, second.subarray(0, 2));
  take(1, Buffer.from("Gott"));
  take(2, second.subarray(2));
  take(1, Buffer.from("a\0b"));
  expect(said.join("")).toBe("grüß Gott日本a␀b");
});

it("stops at its bound, and says so once", () => {
  const { said, take } = collect();
  for (let n = 0; n < 100; n++) take(1, Buffer.alloc(1_000, "x"));
  const text = said.join("");
  expect(text).toBe("x".repeat(MAX_OUTPUT_BYTES) + LIVE_CUT);
  expect(text.length).toBeLessThan(MAX_LIVE_OUTPUT_CHARS);
});

it("shows nothing of what is no text", () => {
  const { said, take } = collect();
  take(1, Buffer.from("text\n"));
  take(1, Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)));
  take(1, Buffer.from("more\n"));
  expect(said.join("")).toBe("text\n[binary output]\n");
});

it("is what a program prints, as it prints it, and is over before the result is there", async () => {
  const open: string[] = [];
  const said: { text: string; at: number }[] = [];
  const rig = makeToolRig({
    outputs: {
      open({ id }) {
        open.push(id);
        return {
          add: (text) => said.push({ text, at: performance.now() }),
          close: () => void open.splice(open.indexOf(id), 1),
        };
      },
    },
  });
  const script = "for n in 1 2 3 4; do echo out $n; echo err $n >&2; sleep 0.2; done";
  const running = rig.output("run_command", { argv: ["sh", "-c", script] });
  const output = await running;
  expect(open).toEqual([]);
  expect(said.map(({ text }) => text).join("")).toBe(`${output.text}\n`);
  expect((said.at(-1)?.at ?? 0) - (said[0]?.at ?? 0)).toBeGreaterThan(400);
  await rig.output("run_command", { argv: ["no-such-program"] });
  await rig.output("run_command", { argv: ["sleep", "9"], timeout_ms: 100 });
  expect(open).toEqual([]);
});
