/** The part of a key press that matters here. */
type Press = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "shiftKey" | "altKey" | "preventDefault">;

type Actions = {
  /** A full-screen program has the screen: Ctrl-F is its page-down. */
  fullScreen: boolean;
  find(): void;
  /** Puts the focus out of the terminal, which takes every other key. */
  leave(): void;
  copy(): void;
};

/** Keys that the page keeps from the pane; true when it took the key. */
export function takeTerminalKey(event: Press, actions: Actions): boolean {
  const key = event.key.toLowerCase();
  if (event.altKey) return false;
  if (event.key === "Escape" && event.shiftKey && !event.ctrlKey && !event.metaKey)
    return took(event, actions.leave);
  if (event.ctrlKey && event.shiftKey && key === "c") return took(event, actions.copy);
  if (key === "f" && (event.metaKey || (event.ctrlKey && (event.shiftKey || !actions.fullScreen))))
    return took(event, actions.find);
  // The palette: Ctrl-K alone cuts a line in every shell, so in a terminal it is Ctrl-Shift-K. The page's own keys do it.
  if (event.ctrlKey && event.shiftKey && key === "k") return true;
  // The browser pastes; the paste event is taken there.
  return event.ctrlKey && event.shiftKey && key === "v";
}

function took(event: Press, action: () => void): true {
  event.preventDefault();
  action();
  return true;
}
