import type { PointerEvent } from "react";
import type { Store } from "../lib/createStore.ts";
import { classes } from "../lib/classes.ts";

type EdgeProps = {
  /** On which side of its pane the edge is. */
  side: "left" | "right";
  width: Store<number>;
  label: string;
  min: number;
  max: number;
};

const STEP = 16;

/** The edge of a pane, to be dragged; the arrow keys move it too. */
export function ResizeEdge({ side, width, label, min, max }: EdgeProps) {
  const toward = side === "right" ? 1 : -1;
  const clamp = (px: number): number => Math.min(max, Math.max(min, Math.round(px)));

  function drag(event: PointerEvent<HTMLDivElement>): void {
    const edge = event.currentTarget;
    const start = event.clientX;
    const before = width.get();
    edge.setPointerCapture(event.pointerId);
    const move = (next: globalThis.PointerEvent): void =>
      width.set(clamp(before + (next.clientX - start) * toward));
    const end = (): void => edge.removeEventListener("pointermove", move);
    edge.addEventListener("pointermove", move);
    edge.addEventListener("pointerup", end, { once: true });
    edge.addEventListener("pointercancel", end, { once: true });
  }

  return (
    <div
      role="separator"
      aria-orientation="vertical"
      aria-label={label}
      aria-valuenow={width.get()}
      aria-valuemin={min}
      aria-valuemax={max}
      tabIndex={0}
      onPointerDown={drag}
      onKeyDown={(event) => {
        if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
        event.preventDefault();
        width.set(clamp(width.get() + (event.key === "ArrowRight" ? STEP : -STEP) * toward));
      }}
      className={classes(
        "absolute inset-y-0 z-20 w-1.5 cursor-col-resize touch-none transition-colors hover:bg-focus/40",
        side === "right" ? "-right-[3px]" : "-left-[3px]",
      )}
    />
  );
}
