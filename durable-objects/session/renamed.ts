import type { Step } from "./SessionStore.ts";

/** The step that gives a session another title; the one that it has changes nothing. */
export function renamed(title: string, by: string): Step {
  return (session) =>
    session.title === title ? null : { events: [{ at: Date.now(), event: { type: "renamed", title, by } }] };
}
