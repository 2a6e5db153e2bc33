/** A finger that moved less than this has tapped. */
const TAP_PX = 8;

/**
 * Scrolls a terminal by touch, which xterm does not do by itself. A sideways movement is left to the page, so that a wide pane
 * can be panned.
 */
export function startTouchScroll(
  element: HTMLElement,
  deps: { lineHeight(): number; scroll(lines: number): void; tap(): void },
): () => void {
  let last: { x: number; y: number } | null = null;
  let moved = 0;
  let rest = 0;
  let vertical: boolean | null = null;

  const start = (event: TouchEvent): void => {
    const touch = event.touches.length === 1 ? event.touches[0] : undefined;
    last = touch === undefined ? null : { x: touch.clientX, y: touch.clientY };
    moved = 0;
    rest = 0;
    vertical = null;
  };
  const move = (event: TouchEvent): void => {
    const touch = event.touches[0];
    if (last === null || touch === undefined || event.touches.length !== 1) return;
    const [dx, dy] = [last.x - touch.clientX, last.y - touch.clientY];
    moved += Math.abs(dx) + Math.abs(dy);
    if (moved < TAP_PX) return;
    vertical ??= Math.abs(dy) >= Math.abs(dx);
    last = { x: touch.clientX, y: touch.clientY };
    if (!vertical) return;
    event.preventDefault();
    rest += dy / Math.max(1, deps.lineHeight());
    const lines = Math.trunc(rest);
    rest -= lines;
    if (lines !== 0) deps.scroll(lines);
  };
  const end = (): void => {
    if (last !== null && moved < TAP_PX) deps.tap();
    last = null;
  };

  element.addEventListener("touchstart", start, { passive: true });
  element.addEventListener("touchmove", move, { passive: false });
  element.addEventListener("touchend", end);
  return () => {
    element.removeEventListener("touchstart", start);
    element.removeEventListener("touchmove", move);
    element.removeEventListener("touchend", end);
  };
}
