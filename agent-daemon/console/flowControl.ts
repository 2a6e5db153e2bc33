/** What a viewer needs before it can be sent output. */
type ViewerState = "new" | "inStep" | "out";
type Viewer = {
  state: ViewerState;
  outstanding: number;
  /** One sending whose credit is being timed: bytes still to be drawn until it is, and since when. */
  timed: { left: number; at: number } | null;
  /** How long it takes to draw and say so, lately; unknown at first. */
  delay: number;
};

/**
 * Who is in step, and how much may be sent. Output goes to all viewers in step at once and is paced to the fastest of
 * them; one that falls behind leaves and gets a snapshot when it has drawn what it was sent.
 * Nothing here sends: it only counts.
 */
export class FlowControl {
  readonly #window: number;
  #viewers = new Map<number, Viewer>();

  constructor(window: number) {
    this.#window = window;
  }

  get viewers(): number[] {
    return [...this.#viewers.keys()];
  }

  get inStep(): number[] {
    return this.viewers.filter((viewer) => this.#viewers.get(viewer)?.state === "inStep");
  }

  /** A viewer came (or came anew: then what it had been sent does not count any more). */
  join(viewer: number): void {
    this.#viewers.set(viewer, { state: "new", outstanding: 0, timed: null, delay: Number.POSITIVE_INFINITY });
  }

  part(viewer: number): void {
    this.#viewers.delete(viewer);
  }

  clear(): void {
    this.#viewers.clear();
  }

  /** A viewer has drawn bytes. More than it was sent cannot be. */
  credit(viewer: number, bytes: number, now: number): void {
    const found = this.#viewers.get(viewer);
    if (found === undefined) return;
    found.outstanding = Math.max(0, found.outstanding - bytes);
    const { timed } = found;
    if (timed === null) return;
    timed.left -= bytes;
    if (timed.left > 0) return;
    const taken = now - timed.at;
    // One hiccup does not make a near viewer a far one.
    found.delay = taken < found.delay ? taken : (found.delay + taken) / 2;
    found.timed = null;
  }

  /** How long the nearest viewer in step takes to draw and say so. */
  get delay(): number {
    return Math.min(
      ...this.inStep.map((viewer) => this.#viewers.get(viewer)?.delay ?? Number.POSITIVE_INFINITY),
    );
  }

  /** Bytes that may be sent to those in step now, by the fastest of them. 0 when nobody is. */
  room(): number {
    const least = this.unseen();
    return least === null ? 0 : Math.max(0, this.#window - least);
  }

  /** Bytes on their way to the fastest viewer in step; null when nobody is. */
  unseen(): number | null {
    let least: number | null = null;
    for (const { state, outstanding } of this.#viewers.values()) {
      if (state === "inStep" && (least === null || outstanding < least)) least = outstanding;
    }
    return least;
  }

  /**
   * Counts output that is about to be sent. Gives the viewers that must leave before it: those so far behind the fastest
   * that it would take them half a window beyond their own.
   */
  send(bytes: number, now: number): number[] {
    const fastest = this.unseen() ?? 0;
    const leaving: number[] = [];
    for (const [number, viewer] of this.#viewers) {
      if (viewer.state !== "inStep") continue;
      if (viewer.outstanding > fastest && viewer.outstanding + bytes > this.#window * 1.5) {
        viewer.state = "out";
        leaving.push(number);
      } else this.#count(viewer, bytes, now);
    }
    return leaving;
  }

  /** Output was lost: everybody in step is so no more. Gives who. */
  loseStep(): number[] {
    const leaving = this.inStep;
    for (const viewer of leaving) this.#set(viewer, "out");
    return leaving;
  }

  /** Who can take a snapshot now, and whether it must be a fresh one. */
  takers(): { viewer: number; fresh: boolean }[] {
    const takers: { viewer: number; fresh: boolean }[] = [];
    for (const [viewer, { state, outstanding }] of this.#viewers) {
      const limit = state === "inStep" ? this.#window : this.#window / 2;
      if (state === "new") takers.push({ viewer, fresh: true });
      else if (outstanding <= limit) takers.push({ viewer, fresh: false });
    }
    return takers;
  }

  /** Who has not seen all there was, and whether only a fresh snapshot helps. */
  outOfStep(): { viewer: number; fresh: boolean }[] {
    return [...this.#viewers].flatMap(([viewer, { state }]) =>
      state === "inStep" ? [] : [{ viewer, fresh: state === "new" }],
    );
  }

  /** Whether somebody waits for a snapshot and could take one. */
  get wanted(): "fresh" | "redraw" | null {
    let wanted: "redraw" | null = null;
    for (const { state, outstanding } of this.#viewers.values()) {
      if (state === "new") return "fresh";
      if (state === "out" && outstanding <= this.#window / 2) wanted = "redraw";
    }
    return wanted;
  }

  /** Counts a snapshot that is sent to a viewer and puts it in step. */
  snapshot(viewer: number, bytes: number, now: number): void {
    const found = this.#viewers.get(viewer);
    if (found === undefined) return;
    found.state = "inStep";
    this.#count(found, bytes, now);
  }

  #count(viewer: Viewer, bytes: number, now: number): void {
    viewer.outstanding += bytes;
    viewer.timed ??= { left: viewer.outstanding, at: now };
  }

  #set(viewer: number, state: ViewerState): void {
    const found = this.#viewers.get(viewer);
    if (found !== undefined) found.state = state;
  }
}
