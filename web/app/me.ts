import type { Me } from "../../protocol/api.ts";
import { ApiFailure } from "../shared/api/ApiFailure.ts";
import { api } from "../shared/api/endpoints.ts";
import { role } from "../shared/api/role.ts";
import { createStore } from "../shared/lib/createStore.ts";

/** Who is signed in on this browser. */
export type MeState =
  | { state: "asking" }
  | { state: "here"; me: Me }
  | { state: "signedOut" }
  | { state: "noAnswer"; failure: ApiFailure; trying: boolean };

export const me = createStore<MeState>({ state: "asking" });

let asking: Promise<void> | null = null;

/** Asks the server who is here. Several at once are one. */
export function askMe(): Promise<void> {
  asking ??= ask().finally(() => {
    asking = null;
  });
  return asking;
}

async function ask(): Promise<void> {
  const before = me.get();
  if (before.state === "noAnswer") me.set({ ...before, trying: true });
  try {
    const here = await api.me();
    role.set(here.role);
    me.set({ state: "here", me: here });
  } catch (error) {
    const failure = error instanceof ApiFailure ? error : new ApiFailure("unknown", String(error), 0);
    if (failure.status === 401 || failure.status === 403) me.set({ state: "signedOut" });
    // Who was here stays here while the connection is away; the page says that it is.
    else if (me.get().state !== "here") me.set({ state: "noAnswer", failure, trying: false });
  }
}
