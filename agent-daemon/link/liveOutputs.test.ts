import { describe, expect, it } from "vitest";
import { newId } from "../../protocol/ids.ts";
import type { OutputPiece } from "../../protocol/link.ts";
import { makeManualClock } from "../testing/manualClock.ts";
import { LATER_MS, SOON_MS, SOON_PIECES, startLiveOutputs } from "./liveOutputs.ts";

function open() {
  const clock = makeManualClock();
  const outputs = startLiveOutputs(clock);
  const sent: OutputPiece[] = [];
  let online = true;
  outputs.sendBy((piece) => {
    if (online) sent.push(piece);
    return online;
  });
  const command = { id: newId("cmd"), session: newId("ses") };
  return {
    clock,
    outputs,
    sent,
    command,
    output: outputs.open(command),
    connect: (now: boolean) => (online = now),
    pieces: () => sent.map(({ offset, text }) => [offset, text]),
  };
}

describe("the output of a running command", () => {
  it("goes out gathered, in order, from where it stands", () => {
    const { clock, output, sent, command, pieces } = open();
    output.add("one ");
    output.add("two ");
    expect(sent).toEqual([]);
    clock.pass(SOON_MS);
    expect(sent).toEqual([{ ...command, offset: 0, text: "one two " }]);
    clock.pass(SOON_MS * 10);
    output.add("three");
    clock.pass(SOON_MS);
    expect(pieces()).toEqual([
      [0, "one two "],
      [8, "three"],
    ]);
  });

  it("goes out less often after a while, whatever is printed", () => {
    const { clock, output, sent } = open();
    for (let ms = 0; ms < 60_000; ms += 10) {
      output.add("x");
      clock.pass(10);
    }
    expect(sent.length).toBeLessThanOrEqual(SOON_PIECES + 60_000 / LATER_MS);
    clock.pass(LATER_MS);
    expect(sent.map(({ text }) => text).join("")).toBe("x".repeat(6_000));
  });

  it("waits while there is no connection, and goes out whole afterwards", () => {
    const { clock, output, connect, pieces } = open();
    connect(false);
    output.add("while");
    clock.pass(5_000);
    output.add(" away");
    connect(true);
    clock.pass(LATER_MS);
    expect(pieces()).toEqual([[0, "while away"]]);
  });

  it("is sent again from where the edge says, and no further back than that", () => {
    const { clock, output, outputs, command, pieces } = open();
    output.add("one two");
    clock.pass(SOON_MS);
    outputs.goOnFrom(command.id, 4);
    outputs.goOnFrom(command.id, 900);
    clock.pass(SOON_MS);
    expect(pieces().slice(1)).toEqual([[4, "two"]]);
    outputs.goOnFrom(newId("cmd"), 0);
  });

  it("ends with its command: nothing comes behind the result", () => {
    const { clock, output, outputs, command, sent } = open();
    output.add("late");
    output.close();
    output.add("later");
    outputs.goOnFrom(command.id, 0);
    clock.pass(60_000);
    expect(sent).toEqual([]);
  });
});
