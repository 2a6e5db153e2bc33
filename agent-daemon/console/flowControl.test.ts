import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FlowControl } from "./flowControl.ts";

const WINDOW = 1000;

function inStep(...viewers: number[]): FlowControl {
  const flow = new FlowControl(WINDOW);
  for (const viewer of viewers) {
    flow.join(viewer);
    flow.snapshot(viewer, 0, 0);
  }
  return flow;
}

describe("FlowControl", () => {
  it("gives a new viewer a fresh snapshot, and counts it", () => {
    const flow = new FlowControl(WINDOW);
    flow.join(1);
    expect([flow.room(), flow.wanted, flow.takers()]).toEqual([0, "fresh", [{ viewer: 1, fresh: true }]]);
    flow.snapshot(1, 400, 0);
    expect([flow.room(), flow.wanted, flow.inStep]).toEqual([600, null, [1]]);
    flow.credit(1, 400, 0);
    expect(flow.room()).toBe(WINDOW);
  });

  it("paces to the fastest, lets the slow one leave, and takes it back with a redraw once it has drawn half", () => {
    const flow = inStep(1, 2);
    expect(flow.send(900, 0)).toEqual([]);
    flow.credit(1, 900, 0);
    expect(flow.room()).toBe(WINDOW);
    expect(flow.send(600, 0)).toEqual([]); // half a window too much for 2, which is allowed
    flow.credit(1, 600, 0);
    expect(flow.send(1, 0)).toEqual([2]);
    expect([flow.inStep, flow.wanted]).toEqual([[1], null]);
    flow.credit(2, 900, 0);
    expect(flow.wanted).toBeNull();
    flow.credit(2, 100, 0);
    expect(flow.wanted).toBe("redraw");
    expect(flow.takers()).toEqual([
      { viewer: 1, fresh: false },
      { viewer: 2, fresh: false },
    ]);
    flow.snapshot(2, 10, 0);
    expect(flow.inStep).toEqual([1, 2]);
  });

  it("never lets the only viewer leave, but leaves it no room", () => {
    const flow = inStep(7);
    expect(flow.send(WINDOW, 0)).toEqual([]);
    expect(flow.room()).toBe(0);
    expect(flow.loseStep()).toEqual([7]);
    expect([flow.room(), flow.wanted]).toEqual([0, null]);
    flow.credit(7, WINDOW, 0);
    expect(flow.wanted).toBe("redraw");
  });

  it("counts a snapshot larger than the window, and waits until it is drawn", () => {
    const flow = new FlowControl(WINDOW);
    flow.join(1);
    flow.snapshot(1, 5 * WINDOW, 0);
    expect(flow.room()).toBe(0);
    flow.credit(1, 4 * WINDOW + 1, 0);
    expect(flow.room()).toBe(1);
  });

  it("knows how long the nearest viewer takes", () => {
    const flow = new FlowControl(WINDOW);
    expect(flow.delay).toBe(Number.POSITIVE_INFINITY);
    for (const viewer of [1, 2]) {
      flow.join(viewer);
      flow.snapshot(viewer, 100, 1000);
    }
    flow.credit(1, 60, 1005);
    expect(flow.delay).toBe(Number.POSITIVE_INFINITY);
    flow.credit(1, 40, 1008);
    flow.credit(2, 100, 1090);
    expect(flow.delay).toBe(8);
    flow.send(10, 2000);
    flow.send(10, 2001);
    flow.credit(1, 10, 2002);
    flow.credit(1, 10, 2002);
    expect(flow.delay).toBe(2);
    flow.send(10, 3000);
    flow.credit(1, 10, 3040);
    expect(flow.delay).toBe(21);
    flow.part(1);
    expect(flow.delay).toBe(90);
  });

  it("does not mind viewers it does not know, credit for nothing, or a viewer that joins twice", () => {
    const flow = inStep(1);
    flow.credit(9, 5, 0);
    flow.part(9);
    flow.snapshot(9, 5, 0);
    flow.send(100, 0);
    flow.credit(1, 2 ** 32 - 1, 0);
    expect(flow.room()).toBe(WINDOW);
    flow.send(500, 0);
    flow.join(1);
    expect([flow.viewers, flow.inStep, flow.wanted]).toEqual([[1], [], "fresh"]);
    flow.part(1);
    flow.part(1);
    expect([flow.room(), flow.wanted, flow.unseen()]).toEqual([0, null, null]);
  });

  it("never has more on its way to anybody than is allowed, whatever happens", () => {
    const step = fc.record({
      what: fc.constantFrom("join", "part", "credit", "output", "snapshots", "lose"),
      viewer: fc.integer({ min: 1, max: 4 }),
      bytes: fc.integer({ min: 1, max: 600 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const flow = new FlowControl(WINDOW);
        const onTheWay = new Map<number, number>();
        const add = (viewer: number, bytes: number) =>
          onTheWay.set(viewer, Math.max(0, (onTheWay.get(viewer) ?? 0) + bytes));
        for (const { what, viewer, bytes } of steps) {
          if (what === "join") {
            flow.join(viewer);
            onTheWay.set(viewer, 0);
          } else if (what === "part") flow.part(viewer);
          else if (what === "credit") {
            const drawn = Math.min(bytes, onTheWay.get(viewer) ?? 0);
            flow.credit(viewer, drawn, 0);
            add(viewer, -drawn);
          } else if (what === "output") {
            const size = Math.min(bytes, flow.room());
            if (size === 0) continue;
            const leaving = flow.send(size, 0);
            expect(flow.inStep.filter((one) => leaving.includes(one))).toEqual([]);
            for (const one of flow.inStep) add(one, size);
          } else if (what === "lose") flow.loseStep();
          else
            for (const taker of flow.takers()) {
              flow.snapshot(taker.viewer, 50, 0);
              add(taker.viewer, 50);
            }
          for (const one of flow.viewers)
            expect(onTheWay.get(one) ?? 0).toBeLessThanOrEqual(1.5 * WINDOW + 50);
        }
      }),
    );
  });
});
