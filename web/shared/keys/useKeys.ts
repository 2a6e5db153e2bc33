import { useEffect, useRef } from "react";
import { addKeySource, type KeyBinding } from "./keyBindings.ts";

/** Binds keys while a component is shown. */
export function useKeys(bindings: readonly KeyBinding[]): void {
  const latest = useRef(bindings);
  useEffect(() => {
    latest.current = bindings;
  });
  useEffect(() => addKeySource(() => latest.current), []);
}
