import * as z from "zod";
import { AnyEvent, readEvent, type SessionEvent } from "../../protocol/events.ts";
import type { Signalbox } from "./signalbox.ts";

const EventPage = z.object({ items: z.array(AnyEvent), head: z.number() });

/** A session's whole log, as the API gives it. */
export async function readLog(signalbox: Signalbox, session: string): Promise<SessionEvent[]> {
  const events: SessionEvent[] = [];
  for (let after = 0; ;) {
    const page = await signalbox.api(EventPage, `/api/sessions/${session}/events?after=${after}&limit=1000`);
    for (const raw of page.items) {
      const event = readEvent(raw);
      if (event === null) throw new Error(`event ${raw.seq} is of an unknown type, ${raw.type}`);
      events.push(event);
    }
    after = page.items.at(-1)?.seq ?? page.head;
    if (after >= page.head) return events;
  }
}
