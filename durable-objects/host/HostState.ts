import type { Host, HostInfo, Presence } from "../../protocol/host.ts";
import type { Database } from "../shared/database.ts";
import type { Publisher } from "../shared/Publisher.ts";
import { host as hostTable } from "./schema.ts";

/** What of a host may change. */
export type HostChange = Partial<
  Pick<Host, "name" | "presence" | "info" | "unadopted_panes" | "waiting_commands" | "last_seen">
>;

/** The host as lists and pages show it; every change is noted for D1 and the hub. */
export class HostState {
  readonly #db: Database;
  readonly #publisher: Publisher;
  #host: Host | null;
  #removed: boolean;

  constructor(db: Database, publisher: Publisher) {
    this.#db = db;
    this.#publisher = publisher;
    [this.#host, this.#removed] = this.#read();
  }

  #read(): [Host | null, boolean] {
    const row = this.#db.select().from(hostTable).limit(1).get();
    return [row === undefined || row.json === null ? null : JSON.parse(row.json), row?.json === null];
  }

  /** Goes back to what is stored, after a transaction that was rolled back. */
  reload(): void {
    [this.#host, this.#removed] = this.#read();
  }

  get current(): Host | null {
    return this.#host;
  }

  get removed(): boolean {
    return this.#removed;
  }

  create(fresh: { id: string; team: string; name: string }, now: number): Host | null {
    if (this.#removed) return null;
    if (this.#host !== null) return this.#host;
    const host: Host = {
      ...fresh,
      presence: "never",
      presence_since: now,
      last_seen: null,
      info: null,
      unadopted_panes: 0,
      waiting_commands: 0,
      created_at: now,
      updated_at: now,
      version: 0,
    };
    this.#db.insert(hostTable).values({ id: host.id, json: null }).run();
    this.#store(host);
    return this.#host;
  }

  /** Applies a change; nothing is written when nothing differs. */
  change(change: HostChange, now: number = Date.now()): void {
    const host = this.#host;
    if (host === null) return;
    const next = { ...host, ...change };
    if (JSON.stringify(next) === JSON.stringify(host)) return;
    this.#store({ ...next, presence_since: next.presence === host.presence ? host.presence_since : now });
  }

  setPresence(presence: Presence, now: number = Date.now()): void {
    this.change({ presence, last_seen: now }, now);
  }

  setInfo(info: HostInfo): void {
    this.change({ info });
  }

  remove(): void {
    this.#db.update(hostTable).set({ json: null }).run();
    this.#host = null;
    this.#removed = true;
  }

  #store(changed: Host): void {
    const host = { ...changed, updated_at: Date.now(), version: changed.version + 1 };
    const json = JSON.stringify(host);
    this.#db.update(hostTable).set({ json }).run();
    this.#publisher.put({ key: host.id, version: host.version, body: json });
    this.#host = host;
  }
}
