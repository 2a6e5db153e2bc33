import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown } from "lucide-react";
import { useEffect, useLayoutEffect, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import { classes } from "../lib/classes.ts";

/** Within this of the end, new entries are followed. */
const NEAR_END_PX = 48;
/** The older page is fetched when so much is left above. */
const NEAR_START_PX = 600;

type LogListProps<T> = {
  items: readonly T[];
  keyOf(item: T): string | number;
  render(item: T): ReactNode;
  estimate(item: T): number;
  /** Fetches what is before the first item; undefined when there is nothing. */
  loadOlder?: (() => Promise<unknown>) | undefined;
  /** Brings this item into view, each time that another object is given; `nearest`: no further than it takes. */
  goTo?: { key: string | number; nearest?: boolean } | null;
  /** The items are lines of a tree: the keys that move in it, and the element that they stand on. */
  tree?: { active: string | undefined; onKeyDown(event: KeyboardEvent): void };
  label: string;
  testId: string;
};

/** A long list that grows at its end: it follows the end while that is in view, and stays where it is otherwise. */
export function LogList<T>({
  items,
  keyOf,
  render,
  estimate,
  loadOlder,
  goTo,
  tree,
  label,
  testId,
}: LogListProps<T>) {
  const scroller = useRef<HTMLDivElement>(null);
  const [away, setAway] = useState(false);
  /** What was here when the end was left, so that what came since can be counted. */
  const [left, setLeft] = useState<{ first: string | number; length: number } | null>(null);
  // oxlint-disable-next-line react/incompatible-library -- there is no compiler here, and the virtualizer is not passed to memoized children
  const virtualizer = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => {
      const item = items[index];
      return item === undefined ? 40 : estimate(item);
    },
    getItemKey: (index) => {
      const item = items[index];
      return item === undefined ? index : keyOf(item);
    },
    overscan: 8,
    paddingStart: 8,
    paddingEnd: 16,
    anchorTo: "end",
    scrollEndThreshold: NEAR_END_PX,
  });

  // Only a person who scrolls up leaves the end; a burst of entries, however large, does not.
  const following = useRef(true);
  const lastTop = useRef(0);
  const size = virtualizer.getTotalSize();
  useLayoutEffect(() => {
    const box = scroller.current;
    if (box !== null && following.current) box.scrollTop = box.scrollHeight;
  }, [size, items.length]);

  // A box that shrinks (a keyboard, a banner) keeps its end in view.
  useEffect(() => {
    const box = scroller.current;
    if (box === null) return;
    const observer = new ResizeObserver(() => {
      if (following.current) box.scrollTop = box.scrollHeight;
    });
    observer.observe(box);
    return () => observer.disconnect();
  }, []);

  const placed = useRef(false);
  useEffect(() => {
    if (placed.current || items.length === 0) return;
    placed.current = true;
    virtualizer.scrollToIndex(items.length - 1, { align: "end" });
  }, [items.length, virtualizer]);

  useEffect(
    () => () => {
      placed.current = false;
    },
    [],
  );

  function follow(): void {
    following.current = true;
    setLeft(null);
  }
  function leave(): void {
    following.current = false;
    const first = items[0];
    if (first !== undefined) setLeft((known) => known ?? { first: keyOf(first), length: items.length });
  }

  const wanted = useRef<typeof goTo>(null);
  useEffect(() => {
    if (goTo === wanted.current || goTo === null || goTo === undefined) return;
    const index = items.findIndex((item) => keyOf(item) === goTo.key);
    if (index < 0) return; // it comes with an older page
    wanted.current = goTo;
    leave();
    virtualizer.scrollToIndex(index, { align: goTo.nearest === true ? "auto" : "center" });
  });

  const older = useRef(loadOlder);
  useEffect(() => {
    older.current = loadOlder;
  });
  const fetching = useRef(false);
  function onScroll(): void {
    const box = scroller.current;
    if (box === null) return;
    const below = box.scrollHeight - box.scrollTop - box.clientHeight;
    if (below <= NEAR_END_PX) follow();
    else if (box.scrollTop < lastTop.current) leave();
    lastTop.current = box.scrollTop;
    setAway(!following.current && below > NEAR_END_PX * 4);
    if (box.scrollTop > NEAR_START_PX || fetching.current || !placed.current) return;
    fetching.current = true;
    void Promise.resolve(older.current?.()).finally(() => {
      fetching.current = false;
    });
  }
  // A first page that does not fill the screen cannot be scrolled.
  const count = items.length;
  useEffect(() => {
    const box = scroller.current;
    if (count > 0 && box !== null && box.scrollHeight <= box.clientHeight + 1) void older.current?.();
  }, [count]);

  // Lines that were unfolded are not new.
  const fresh = left === null || tree !== undefined ? 0 : newSince(items, keyOf, left);
  return (
    <div className="relative flex min-h-0 grow flex-col">
      <div
        ref={scroller}
        onScroll={onScroll}
        data-testid={testId}
        role={tree === undefined ? "log" : "tree"}
        {...(tree === undefined ? {} : { onKeyDown: tree.onKeyDown, "aria-activedescendant": tree.active })}
        aria-label={label}
        // Long logs change often; a person asks for them rather than having each line read out.
        aria-live="off"
        tabIndex={0}
        className="min-h-0 grow overflow-y-auto overscroll-contain outline-offset-[-2px] [overflow-anchor:none]"
      >
        <div className="relative" style={{ height: virtualizer.getTotalSize() }}>
          {virtualizer.getVirtualItems().map((row) => {
            const item = items[row.index];
            if (item === undefined) return null;
            return (
              <div
                key={row.key}
                ref={virtualizer.measureElement}
                data-index={row.index}
                className="absolute inset-x-0 top-0"
                style={{ transform: `translateY(${row.start}px)` }}
              >
                {render(item)}
              </div>
            );
          })}
        </div>
      </div>
      {(away || fresh > 0) && (
        <button
          type="button"
          data-testid="to-end"
          onClick={() => {
            follow();
            virtualizer.scrollToIndex(items.length - 1, { align: "end" });
          }}
          className="thumb absolute bottom-3 left-1/2 flex h-8 -translate-x-1/2 animate-appear items-center gap-1.5 rounded-full border border-line bg-surface px-3"
        >
          <ArrowDown size={14} aria-hidden />
          {fresh > 0 && <span className="text-working-text">{fresh} new</span>}
          <span className={classes(fresh > 0 && "sr-only")}>To the end</span>
        </button>
      )}
    </div>
  );
}

/** Items that came after the end was left; older pages came before it. */
function newSince<T>(
  items: readonly T[],
  keyOf: (item: T) => string | number,
  left: { first: string | number; length: number },
): number {
  const older = items.findIndex((item) => keyOf(item) === left.first);
  return older < 0 ? 0 : Math.max(0, items.length - older - left.length);
}
