import { SessionFilter } from "../../../protocol/filter.ts";
import { Provider, SessionStatus } from "../../../protocol/session.ts";

/** A filter from the address bar; what is not understood there does not restrict. */
export function readFilter(search: string): SessionFilter {
  const params = new URLSearchParams(search);
  const status = listOf(SessionStatus.options, params.get("status"));
  const provider = listOf(Provider.options, params.get("provider"));
  const host = SessionFilter.shape.host.safeParse(params.get("host") ?? undefined);
  const attention = flag(params.get("attention"));
  const ended = flag(params.get("ended"));
  const text = params.get("q")?.slice(0, 200) ?? "";
  return {
    ...(host.success && host.data !== undefined ? { host: host.data } : {}),
    ...(status.length > 0 ? { status } : {}),
    ...(provider.length > 0 ? { provider } : {}),
    ...(attention === undefined ? {} : { attention }),
    ...(ended === undefined ? {} : { ended }),
    ...(text === "" ? {} : { text }),
  };
}

/** The filter as it stands in the address bar, with its question mark; empty when nothing is filtered. */
export function writeFilter(filter: SessionFilter): string {
  const params = new URLSearchParams();
  if (filter.host !== undefined) params.set("host", filter.host);
  if (filter.status?.length) params.set("status", filter.status.join(","));
  if (filter.provider?.length) params.set("provider", filter.provider.join(","));
  if (filter.attention !== undefined) params.set("attention", filter.attention ? "1" : "0");
  if (filter.ended !== undefined) params.set("ended", filter.ended ? "1" : "0");
  if (filter.text) params.set("q", filter.text);
  const text = params.toString().replaceAll("%2C", ",");
  return text === "" ? "" : `?${text}`;
}

/** Whether anything is filtered. */
export function isFiltered(filter: SessionFilter): boolean {
  return writeFilter(filter) !== "";
}

/** The filter with one value of a list added or taken away. */
export function toggled<T>(list: readonly T[] | undefined, value: T): T[] {
  return list?.includes(value) === true ? list.filter((each) => each !== value) : [...(list ?? []), value];
}

function listOf<T extends string>(options: readonly T[], text: string | null): T[] {
  const wanted = new Set((text ?? "").split(","));
  return options.filter((option) => wanted.has(option));
}

function flag(text: string | null): boolean | undefined {
  if (text === "1" || text === "true") return true;
  return text === "0" || text === "false" ? false : undefined;
}
