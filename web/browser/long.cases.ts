import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import type { EventBody } from "../../protocol/events.ts";
import { TAIL_EVENTS } from "../../protocol/limits.ts";
import { isKept } from "./kept.ts";
import { sessionId, stage, until } from "./stage.ts";

const TURNS = 1_250;
/** Four of each turn, and the two that the session begins with. */
const EVENTS = TURNS * 4 + 2;

/** A turn of four events, with an answer that is neither short nor plain. */
function turnEvents(turn: number): EventBody[] {
  const answer = [
    `Answer ${turn}`,
    `- one of **${turn % 7}** things, in \`file-${turn}.ts\``,
    "- another",
    ...(turn % 3 === 0 ? ["", "```ts", `const answer = ${turn};`, "export { answer };", "```"] : []),
    "",
    "Some more words about it, as long as a line on a phone and then some.".repeat(1 + (turn % 4)),
  ].join("\n");
  return [
    { type: "turn_started", turn, thread: null },
    { type: "item", id: "u", turn, item: { kind: "user_message", text: `Question ${turn}` } },
    { type: "item", id: "m", turn, item: { kind: "message", text: answer } },
    { type: "turn_completed", turn, usage: null },
  ];
}

type Row = { key: string; top: number };

/** Rows that are in view, from the top. */
function inView(page: Page): Promise<Row[]> {
  return page.getByTestId("conversation").evaluate((list) => {
    const { top, bottom } = list.getBoundingClientRect();
    return [...list.querySelectorAll('[data-testid="entry"]')]
      .map((row) => ({ key: row.getAttribute("data-key") ?? "", box: row.getBoundingClientRect() }))
      .filter(({ box }) => box.bottom > top && box.top < bottom)
      .map(({ key, box }) => ({ key, top: Math.round(box.top) }))
      .sort((a, b) => a.top - b.top);
  });
}
const lastTurnInView = async (page: Page): Promise<number> =>
  Math.max(...(await inView(page)).map(({ key }) => Number(key.split(" ")[1])));

/** Rows come once each, and in order. */
async function isInOrder(page: Page): Promise<void> {
  const keys = await page
    .getByTestId("entry")
    .evaluateAll((rows) =>
      rows
        .sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top)
        .map((row) => row.getAttribute("data-key") ?? ""),
    );
  expect(new Set(keys).size).toBe(keys.length);
  const turns = keys.map((key) => Number(key.split(" ")[1]));
  expect(turns).toEqual(turns.toSorted((a, b) => a - b));
}

/** Waits until nothing moves any more; where everything stands then. */
async function settled(page: Page): Promise<Row[]> {
  let before = "";
  return until(
    async () => {
      await page.evaluate(
        () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
      );
      const rows = await inView(page);
      const now = JSON.stringify(rows);
      const still = now === before;
      before = now;
      return still ? rows : [];
    },
    (rows) => rows.length > 0,
    "a list that stands still",
  );
}

/** Frames drawn and dropped while `act` runs, from the browser's own trace. */
async function frames(page: Page, act: () => Promise<void>): Promise<{ drawn: number; dropped: number }> {
  const session = await page.context().newCDPSession(page);
  const counts = { drawn: 0, dropped: 0 };
  session.on("Tracing.dataCollected", ({ value }) => {
    for (const { name } of value) {
      if (name === "DrawFrame") counts.drawn++;
      else if (name === "DroppedFrame") counts.dropped++;
    }
  });
  const categories = "devtools.timeline,disabled-by-default-devtools.timeline.frame";
  await session.send("Tracing.start", { transferMode: "ReportEvents", categories });
  await act();
  const complete = new Promise<void>((resolve) => session.once("Tracing.tracingComplete", () => resolve()));
  await session.send("Tracing.end");
  await complete;
  await session.detach();
  return counts;
}

describe("a session of 5,000 events on a phone", () => {
  it("opens at its end from the local copy and in one round trip from the edge, scrolls, and stays where it is read", () =>
    stage(
      {
        scene: "chats",
        screen: "phone",
        path: (server) => {
          const id = sessionId(server, "New chat");
          for (let turn = 1; turn <= TURNS; turn++) server.append(id, ...turnEvents(turn));
          return `/sessions/${id}`;
        },
      },
      async ({ page, server }) => {
        const id = sessionId(server, "New chat");
        const live: string[] = [];
        const asked: string[] = [];
        page.on("websocket", (socket) => live.push(new URL(socket.url()).pathname));
        page.on("request", (request) => {
          const { pathname, search } = new URL(request.url());
          if (pathname.startsWith("/api/sessions/")) asked.push(`${pathname}${search}`);
        });
        const list = page.getByTestId("conversation");
        await page.getByText(`Question ${TURNS}`).waitFor();
        await isKept(page, id, EVENTS);

        // From the copy, before a word of the edge.
        server.hold();
        for (const counted of [server.hellos, live, asked]) counted.length = 0;
        await page.reload();
        await page.getByText(`Question ${TURNS}`).waitFor();
        const fromCopy = await settled(page);
        expect(fromCopy.at(-1)?.key).toBe(`turn ${TURNS}`);
        await isInOrder(page);

        // The edge says what came since; what stands does not move more than that takes.
        server.append(id, ...turnEvents(TURNS + 1));
        server.release();
        await page.getByText(`Question ${TURNS + 1}`).waitFor();
        await settled(page);
        await isInOrder(page);
        expect(await lastTurnInView(page)).toBe(TURNS + 1);
        expect(server.hellos).toMatchObject([{ epoch: "fixture", seq: EVENTS }]);
        expect(live.filter((path) => path === `/api/sessions/${id}/live`)).toHaveLength(1);
        // One question for messages that waited before the tail, none for events.
        expect(asked.filter((path) => path.includes("/events"))).toEqual([]);

        // Older pages are put before what is read, which stays where it is.
        let wanted = false;
        const released = Promise.withResolvers<void>();
        await page.route("**/events?before=*", async (route) => {
          wanted = true;
          await released.promise;
          await route.continue();
        });
        const counted = await frames(page, async () => {
          await until(
            async () => {
              await page.mouse.move(195, 400);
              await page.mouse.wheel(0, -700);
              await page.waitForTimeout(16);
              return wanted;
            },
            (is) => is,
            "an older page to be asked for",
          );
        });
        console.log(`scrolling up: ${counted.drawn} frames drawn, ${counted.dropped} dropped`);
        const before = await settled(page);
        const first = await list.evaluate((box) => box.scrollHeight);
        released.resolve();
        await until(
          () => list.evaluate((box) => box.scrollHeight),
          (height) => height > first + 1_000,
          "the older page",
        );
        const after = await settled(page);
        const same = (rows: Row[]) => rows.find(({ key }) => key === before[1]?.key)?.top;
        expect(Math.abs((same(after) ?? Infinity) - (same(before) ?? 0))).toBeLessThanOrEqual(2);
        await isInOrder(page);
        expect(asked.filter((path) => path.includes("/events"))).toHaveLength(1);
        expect(asked.at(-1)).toContain(`limit=${TAIL_EVENTS}`);

        // New events leave the reader alone, and are counted.
        for (let turn = TURNS + 2; turn <= TURNS + 4; turn++) server.append(id, ...turnEvents(turn));
        await page.getByTestId("to-end").getByText("9 new").waitFor();
        expect((await settled(page)).map(({ key, top }) => ({ key, top }))).toEqual(after);
        const back = await frames(page, async () => {
          await page.getByTestId("to-end").tap();
          await page.getByText(`Question ${TURNS + 4}`).waitFor();
        });
        console.log(`to the end: ${back.drawn} frames drawn, ${back.dropped} dropped`);
        await settled(page);
        expect(await lastTurnInView(page)).toBe(TURNS + 4);
        expect(await page.getByTestId("to-end").count()).toBe(0);
        server.append(id, ...turnEvents(TURNS + 5));
        await page.getByText(`Question ${TURNS + 5}`).waitFor();
        await settled(page);
        expect(await lastTurnInView(page)).toBe(TURNS + 5);
        expect(live.filter((path) => path === `/api/sessions/${id}/live`)).toHaveLength(1);
      },
    ));
});
