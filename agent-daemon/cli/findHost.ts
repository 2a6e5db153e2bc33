import { hostname } from "node:os";
import { HostPage } from "../../protocol/api.ts";
import type { Host } from "../../protocol/host.ts";
import { Sentence } from "../system/Sentence.ts";
import { callApi, type ApiAccess } from "./callApi.ts";

/** The host that a person means by its name or a part of its id; this machine, or the only one, when they name none. */
export async function findHost(api: ApiAccess, meant: string | null): Promise<Host> {
  const { items } = await callApi(api, { path: "/api/hosts?limit=200", schema: HostPage });
  return chooseHost(items, meant, hostname());
}

/** Picks the one host that fits; throws a sentence when none or several do. Pure. */
export function chooseHost(hosts: Host[], meant: string | null, here: string): Host {
  const names = hosts.map(({ name }) => name).join(", ");
  const known = names === "" ? "There is no host yet." : `There are: ${names}.`;
  const word = meant?.toLowerCase();
  const fits =
    word === undefined
      ? hosts.length === 1
        ? hosts
        : hosts.filter(({ info }) => info?.hostname === here)
      : hosts.filter(({ id, name }) => name.toLowerCase() === word || id === word || id.endsWith(`_${word}`));
  const [only] = fits;
  if (only === undefined)
    throw new Sentence(
      meant === null ? `Say which host, by --host. ${known}` : `There is no host ${meant}. ${known}`,
    );
  if (fits.length > 1)
    throw new Sentence(
      `${fits.length} hosts are called so: ${fits.map(({ id }) => id).join(", ")}. Give the id by --host.`,
    );
  return only;
}
