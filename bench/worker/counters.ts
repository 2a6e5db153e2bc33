/** Everything here lives in one isolate, so plain variables see it all. */
type Kind = "session" | "host" | "hub";

const calls: Record<Kind, Record<string, number>> = { session: {}, host: {}, hub: {} };
const alarmsSet: Record<Kind, number> = { session: 0, host: 0, hub: 0 };
const rows: Record<Kind, number> = { session: 0, host: 0, hub: 0 };
/** Cursors that may still write; their count is final once they are read to the end. */
const cursors: { kind: Kind; cursor: SqlStorageCursor<Record<string, SqlStorageValue>> }[] = [];
let d1Rows = 0;
let d1Counted = false;

/** Counts the rows that an object writes, as the runtime reports them for billing. */
export function countStorage(kind: Kind, storage: DurableObjectStorage): void {
  const { sql } = storage;
  const exec = sql.exec.bind(sql);
  Object.defineProperty(sql, "exec", {
    value: (query: string, ...bindings: SqlStorageValue[]) => {
      const cursor = exec(query, ...bindings);
      cursors.push({ kind, cursor });
      if (cursors.length > 10_000) settle();
      return cursor;
    },
  });
  const setAlarm = storage.setAlarm.bind(storage);
  Object.defineProperty(storage, "setAlarm", {
    value: (at: number | Date, options?: DurableObjectSetAlarmOptions) => {
      alarmsSet[kind] += 1;
      return setAlarm(at, options);
    },
  });
}

/** Counts every call into an object: sockets' messages, alarms, upgrades and remote procedures. */
export function countCalls(kind: Kind, from: object, onto: object): void {
  for (const name of Object.getOwnPropertyNames(from)) {
    const method: unknown = Reflect.get(from, name, onto);
    if (name === "constructor" || typeof method !== "function") continue;
    Object.defineProperty(onto, name, {
      value(this: unknown, ...args: unknown[]): unknown {
        calls[kind][name] = (calls[kind][name] ?? 0) + 1;
        return Reflect.apply(method, this, args);
      },
    });
  }
}

/** Counts the rows written to D1, by what its answers say. */
export function countD1(db: D1Database): void {
  if (d1Counted) return;
  d1Counted = true;
  const statement = Object.getPrototypeOf(db.prepare("SELECT 1"));
  for (const name of ["run", "all"]) wrap(statement, name);
  wrap(Object.getPrototypeOf(db), "batch");
}

function wrap(prototype: object, name: string): void {
  const method: unknown = Reflect.get(prototype, name);
  if (typeof method !== "function") throw new Error(`D1 has no ${name}`);
  Object.defineProperty(prototype, name, {
    async value(this: unknown, ...args: unknown[]): Promise<unknown> {
      const answer: unknown = await Reflect.apply(method, this, args);
      for (const each of Array.isArray(answer) ? answer : [answer]) d1Rows += rowsOf(each);
      return answer;
    },
  });
}

function rowsOf(answer: unknown): number {
  if (typeof answer !== "object" || answer === null || !("meta" in answer)) return 0;
  const { meta } = answer;
  if (typeof meta !== "object" || meta === null || !("rows_written" in meta)) return 0;
  return Number(meta.rows_written);
}

function settle(): void {
  for (const { kind, cursor } of cursors.splice(0)) rows[kind] += cursor.rowsWritten;
}

export function readCounters(): unknown {
  settle();
  return { rows, alarmsSet, calls, d1Rows };
}
