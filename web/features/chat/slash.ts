import type { Model } from "../../../protocol/api.ts";
import type { Host } from "../../../protocol/host.ts";

export type SlashAction =
  | { do: "model"; model: string }
  | { do: "pickModel" }
  | { do: "place"; host: string; workspace: string }
  | { do: "pickPlace" }
  | { do: "stop" }
  | { do: "compact" }
  | { do: "help" };

/** Something to complete what is typed with. */
export type SlashOption = { text: string; label: string; hint: string };

/** What stands in the field, when it is a command. A text that begins with a slash and is no command is a message like any other. */
export type Slash =
  | { kind: "none" }
  | { kind: "options"; options: SlashOption[] }
  | { kind: "ready"; action: SlashAction; options: SlashOption[] }
  | { kind: "wrong"; message: string; options: SlashOption[] };

const COMMANDS: { name: string; hint: string }[] = [
  { name: "/model", hint: "choose the model" },
  { name: "/host", hint: "choose the host and directory it works in" },
  { name: "/compact", hint: "shorten what the model has of the conversation" },
  { name: "/stop", hint: "stop what runs" },
  { name: "/help", hint: "what can be typed here" },
];

type Known = { models: readonly Model[]; hosts: readonly Host[]; placesOf(host: Host): string[] };

/** Reads the field as a command. */
export function readSlash(text: string, known: Known): Slash {
  if (!text.startsWith("/") || text.includes("\n")) return { kind: "none" };
  const [, name = "", rest = ""] = /^(\/\w*)(?:\s+(.*))?$/.exec(text) ?? [];
  const typedMore = /\s/.test(text);
  if (!typedMore) {
    const options = COMMANDS.filter((command) => command.name.startsWith(name)).map((command) => ({
      text: `${command.name} `,
      label: command.name,
      hint: command.hint,
    }));
    const action = ACTIONS[name];
    if (name !== "" && action !== undefined) return { kind: "ready", action, options };
    return options.length === 0 || name === "" ? { kind: "none" } : { kind: "options", options };
  }
  const words = rest.trim();
  switch (name) {
    case "/compact":
      return { kind: "ready", action: { do: "compact" }, options: [] };
    case "/stop":
      return { kind: "ready", action: { do: "stop" }, options: [] };
    case "/help":
      return { kind: "ready", action: { do: "help" }, options: [] };
    case "/model":
      return readModel(words, known.models);
    case "/host":
      return readPlace(words, known);
    default:
      return { kind: "none" };
  }
}

const ACTIONS: Record<string, SlashAction> = {
  "/model": { do: "pickModel" },
  "/host": { do: "pickPlace" },
  "/compact": { do: "compact" },
  "/stop": { do: "stop" },
  "/help": { do: "help" },
};

function readModel(words: string, models: readonly Model[]): Slash {
  const wanted = words.toLowerCase();
  const found = models.filter(
    ({ id, name }) => id.toLowerCase().includes(wanted) || name.toLowerCase().includes(wanted),
  );
  const options = found.map(({ id, name }) => ({ text: `/model ${id}`, label: id, hint: name }));
  if (words === "") return { kind: "ready", action: { do: "pickModel" }, options };
  const exact =
    found.find(({ id }) => id.toLowerCase() === wanted) ?? (found.length === 1 ? found[0] : undefined);
  if (exact !== undefined) return { kind: "ready", action: { do: "model", model: exact.id }, options };
  return found.length === 0
    ? { kind: "wrong", message: `There is no model “${words}”.`, options: [] }
    : { kind: "options", options };
}

function readPlace(words: string, { hosts, placesOf }: Known): Slash {
  const [, name = words, path = ""] = /^(.*?)\s+(\/.*)$/.exec(words) ?? [];
  const wanted = name.toLowerCase();
  const matching = hosts.filter((host) => host.name.toLowerCase().startsWith(wanted));
  const host =
    hosts.find((each) => each.name.toLowerCase() === wanted) ??
    (matching.length === 1 ? matching[0] : undefined);
  if (words === "" || host === undefined) {
    const options = matching.map((each) => ({
      text: `/host ${each.name} `,
      label: each.name,
      hint: each.presence,
    }));
    if (words === "") return { kind: "ready", action: { do: "pickPlace" }, options };
    return matching.length === 0
      ? { kind: "wrong", message: `There is no host “${name}”.`, options: [] }
      : { kind: "options", options };
  }
  const places = placesOf(host).filter((place) => place.startsWith(path));
  const options = places.map((place) => ({
    text: `/host ${host.name} ${place}`,
    label: place,
    hint: `on ${host.name}`,
  }));
  const workspace = path === "" ? places[0] : path.trim();
  if (workspace === undefined)
    return { kind: "wrong", message: "Name a directory too, beginning with /.", options };
  return { kind: "ready", action: { do: "place", host: host.id, workspace }, options };
}
