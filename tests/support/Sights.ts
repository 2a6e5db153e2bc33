import type { BrowserContext, Page } from "playwright-core";
import * as z from "zod";

/** One drawn card or line of a chat, or an approval in it. What is not in the log yet has no key. */
const Entry = z.object({ key: z.string().nullable(), kind: z.string(), state: z.string().nullable() });
/** What a document shows of a chat at one moment. */
const Sight = z.object({ document: z.string(), chat: z.string(), entries: z.array(Entry) });

const OPEN = new Set(["proposed", "waiting", "dispatched"]);

/** What pages have shown of chats: looked at after every change of a page, before it is painted. */
export class Sights {
  /** What must never be seen: an entry drawn twice at once, or a call that had ended and then had another state. */
  readonly problems: string[] = [];
  /** Entries that a document had drawn and then had not. */
  readonly gone: string[] = [];
  /** Moments that were looked at. */
  count = 0;
  readonly #most = new Map<string, number>();
  /** How calls ended, by page: what another page shows may be older. */
  readonly #ends = new WeakMap<Page, Map<string, string>>();
  readonly #drawn = new Map<string, Set<string>>();

  private constructor() {}

  /** Watches every page that this context opens from now on. */
  static async of(context: BrowserContext): Promise<Sights> {
    const sights = new Sights();
    await context.exposeBinding("sawEntries", ({ page }, json: string) =>
      sights.#take(page, Sight.parse(JSON.parse(json))),
    );
    await context.addInitScript(watch);
    return sights;
  }

  /** The most entries of a kind that a page has shown at once. */
  most(kind: string): number {
    return this.#most.get(kind) ?? 0;
  }

  #take(page: Page, { document, chat, entries }: z.infer<typeof Sight>): void {
    this.count++;
    for (const [kind, { length }] of Map.groupBy(entries, (entry) => entry.kind))
      this.#most.set(kind, Math.max(this.most(kind), length));
    const keys = entries.flatMap(({ key }) => key ?? []);
    const now = new Set(keys);
    if (now.size < keys.length) this.problems.push(`${chat} drew one twice: ${keys.join(", ")}`);
    for (const key of this.#drawn.get(document + chat) ?? []) if (!now.has(key)) this.gone.push(key);
    this.#drawn.set(document + chat, now);
    const ends = this.#ends.get(page) ?? new Map<string, string>();
    this.#ends.set(page, ends);
    for (const { key, state } of entries) {
      // From the browser's copy, and shown as such until the edge has spoken.
      if (key === null || state === null || state === "unknown") continue;
      const end = ends.get(chat + key);
      if (end !== undefined && end !== state) this.problems.push(`${chat} ${key} was ${end}, then ${state}`);
      if (!OPEN.has(state)) ends.set(chat + key, state);
    }
  }
}

/** Runs in each page, before anything of it. */
function watch(): void {
  const name = Math.random().toString(36);
  let last = "";
  const look = (): void => {
    const drawn = document.querySelectorAll<HTMLElement>(
      '[data-testid="entry"], [data-testid="unsent"], [data-testid="approval"]',
    );
    const entries = [...drawn].map((entry) => ({
      key: entry.dataset.key ?? null,
      kind: entry.dataset.kind ?? (entry.dataset.testid === "approval" ? "approval" : "user_message"),
      state: entry.querySelector<HTMLElement>('[data-testid="call"]')?.dataset.state ?? null,
    }));
    const sight = JSON.stringify({ document: name, chat: location.pathname, entries });
    if (sight === last) return;
    last = sight;
    const tell: unknown = Reflect.get(window, "sawEntries");
    if (typeof tell === "function") tell(sight);
  };
  new MutationObserver(look).observe(document, {
    subtree: true,
    childList: true,
    attributes: true,
    attributeFilter: ["data-state", "data-key", "data-kind"],
  });
}
