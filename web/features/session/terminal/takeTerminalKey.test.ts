import { expect, it } from "vitest";
import { takeTerminalKey } from "./takeTerminalKey.ts";

type Held = { ctrlKey?: boolean; shiftKey?: boolean; metaKey?: boolean; altKey?: boolean };

function press(key: string, held: Held, fullScreen = false): { took: boolean; did: string[] } {
  const did: string[] = [];
  const event = {
    ctrlKey: false,
    shiftKey: false,
    metaKey: false,
    altKey: false,
    ...held,
    key,
    preventDefault: () => undefined,
  };
  const actions = {
    fullScreen,
    find: () => did.push("find"),
    leave: () => did.push("leave"),
    copy: () => did.push("copy"),
  };
  return { took: takeTerminalKey(event, actions), did };
}

it.each<[string, Held, boolean, boolean, string[]]>([
  ["f", { ctrlKey: true }, false, true, ["find"]],
  ["f", { ctrlKey: true }, true, false, []],
  ["F", { ctrlKey: true, shiftKey: true }, true, true, ["find"]],
  ["f", { metaKey: true }, true, true, ["find"]],
  ["f", {}, false, false, []],
  ["Escape", { shiftKey: true }, false, true, ["leave"]],
  ["Escape", {}, false, false, []],
  ["C", { ctrlKey: true, shiftKey: true }, false, true, ["copy"]],
  ["c", { ctrlKey: true }, false, false, []],
  ["k", { ctrlKey: true }, false, false, []],
  ["K", { ctrlKey: true, shiftKey: true }, false, true, []],
  ["V", { ctrlKey: true, shiftKey: true }, false, true, []],
  ["v", { ctrlKey: true }, false, false, []],
  ["f", { ctrlKey: true, altKey: true }, false, false, []],
])("%s with %o (full screen: %s)", (key, held, fullScreen, took, did) => {
  expect(press(key, held, fullScreen)).toEqual({ took, did });
});
