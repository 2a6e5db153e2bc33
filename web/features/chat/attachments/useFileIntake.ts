import { useEffect, useRef, useState } from "react";
import { pastedFiles } from "./pastedFiles.ts";

/**
 * Files that are dragged onto the page or pasted anywhere in it, while this is shown. Whether some hover now.
 * Anywhere, since a file that misses its place would else replace the page.
 */
export function useFileIntake(take: (files: File[]) => void): boolean {
  const [hovering, setHovering] = useState(false);
  const latest = useRef(take);
  useEffect(() => {
    latest.current = take;
  });
  useEffect(() => {
    const over = new AbortController();
    const on = <K extends keyof WindowEventMap>(type: K, act: (event: WindowEventMap[K]) => void): void =>
      window.addEventListener(type, act, { signal: over.signal });
    // Every element on the way tells of coming and going.
    let depth = 0;
    const carriesFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") === true;
    on("dragenter", (event) => {
      if (carriesFiles(event) && ++depth === 1) setHovering(true);
    });
    on("dragleave", (event) => {
      if (carriesFiles(event) && --depth === 0) setHovering(false);
    });
    on("dragover", (event) => {
      if (!carriesFiles(event) || event.dataTransfer === null) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = "copy";
    });
    on("drop", (event) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      depth = 0;
      setHovering(false);
      latest.current([...(event.dataTransfer?.files ?? [])]);
    });
    on("paste", (event) => {
      const files = pastedFiles(event.clipboardData);
      if (files.length === 0 || event.defaultPrevented) return;
      event.preventDefault();
      latest.current(files);
    });
    return () => over.abort();
  }, []);
  return hovering;
}
