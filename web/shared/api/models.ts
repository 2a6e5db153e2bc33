import type { Model } from "../../../protocol/api.ts";
import { api } from "./endpoints.ts";
import { createStore } from "../lib/createStore.ts";
import { useEffect } from "react";
import { useStore } from "../lib/useStore.ts";

/** Models change seldom, and by somebody else; asked for again after this. */
const FRESH_MS = 5 * 60_000;

const models = createStore<readonly Model[] | null>(null);
let askedAt = Number.NEGATIVE_INFINITY;

function ask(): void {
  if (performance.now() - askedAt < FRESH_MS) return;
  askedAt = performance.now();
  void api
    .models()
    .then(models.set)
    .catch(() => {
      askedAt = Number.NEGATIVE_INFINITY; // asked again by whoever needs them next
    });
}

/** Asks again: they were just changed on this page. */
export function refreshModels(): void {
  askedAt = Number.NEGATIVE_INFINITY;
  ask();
}

/** What a chat can talk to; null while that is not known. */
export function useModels(): readonly Model[] | null {
  useEffect(ask, []);
  return useStore(models);
}

/** A model's name for people, by its id; the id when nothing else is known. */
export function modelName(all: readonly Model[] | null, id: string): string {
  return all?.find((model) => model.id === id)?.name ?? id.slice(id.indexOf("/") + 1);
}

/** Whether it is the built-in one, which needs no key. */
export function isOffline(id: string | null | undefined): boolean {
  return id === null || id === undefined || id.startsWith("offline/");
}
