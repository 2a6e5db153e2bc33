import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { sampleSession } from "../../fixtures/sample.ts";
import type { LocalCopies } from "../local/localCopies.ts";
import { keepCopy } from "./keepCopy.ts";
import { EMPTY_SESSION, type SessionState } from "./sessionState.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const session = sampleSession();
const state = (next: number): SessionState => ({
  ...EMPTY_SESSION,
  epoch: "e",
  session,
  first: next,
  next,
  loaded: true,
});

function start(owned = true) {
  const written: number[] = [];
  const copies = {
    owned: () => owned,
    read: async () => null,
    write: async (_id: string, text: string) => void written.push(JSON.parse(text).next),
    forget: async () => undefined,
    belongTo: async () => false,
    clear: async () => undefined,
  } satisfies LocalCopies;
  return { copy: keepCopy(session.id, copies), written, own: () => (owned = true) };
}

it("keeps the newest of many changes, once within a while, and at once when the page may end", () => {
  const { copy, written } = start();
  for (let next = 2; next < 50; next++) copy.changed(state(next));
  vi.advanceTimersByTime(2_000);
  expect(written).toEqual([49]);
  copy.changed(state(50));
  copy.flush();
  vi.advanceTimersByTime(60_000);
  expect(written).toEqual([49, 50]);
});

it("waits until it is known whose it is", () => {
  const { copy, written, own } = start(false);
  copy.changed(state(2));
  copy.flush();
  vi.advanceTimersByTime(10_000);
  expect(written).toEqual([]);
  own();
  vi.advanceTimersByTime(2_000);
  expect(written).toEqual([2]);
});

it("keeps nothing after it was stopped or forgotten, and leaves no timer", () => {
  const { copy, written, own } = start(false);
  copy.changed(state(2));
  copy.stop();
  expect(vi.getTimerCount()).toBe(0);
  own();
  copy.changed(state(3));
  copy.forget();
  expect(vi.getTimerCount()).toBe(0);
  copy.changed(state(4));
  copy.stop();
  expect(written).toEqual([4]);
});
