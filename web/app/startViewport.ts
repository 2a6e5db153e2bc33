/**
 * Keeps `--vh` at the height that is really visible, so that what stands at the bottom stands above a phone's keyboard.
 * (`dvh` does not know the keyboard, and iOS scrolls the page under it.)
 */
export function startViewport(): void {
  const viewport = window.visualViewport;
  if (viewport === null) return;
  const update = (): void => {
    const root = document.documentElement;
    root.style.setProperty("--vh", `${Math.round(viewport.height)}px`);
    // Typed text on a phone: little room is left for anything but the terminal.
    root.toggleAttribute(
      "data-keyboard",
      viewport.height < window.innerHeight - 120 || viewport.height < 420,
    );
    if (viewport.offsetTop > 0) window.scrollTo(0, 0);
  };
  viewport.addEventListener("resize", update);
  viewport.addEventListener("scroll", update);
  update();
}
