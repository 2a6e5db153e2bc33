export type KeyPress = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">;

/**
 * Whether a key press is the one that a binding names: `j`, `?`, `Enter`, `Mod+k`, `Mod+Shift+k`.
 * `Mod` is Cmd on a Mac and Ctrl elsewhere; both are taken on either, since nobody means them differently here.
 */
export function keyMatches(binding: string, press: KeyPress): boolean {
  const parts = binding.split("+");
  const key = parts.at(-1) ?? "";
  const mod = parts.includes("Mod");
  if (mod !== (press.ctrlKey || press.metaKey) || press.altKey) return false;
  const shift = parts.includes("Shift");
  // A sign such as `?` says by itself whether Shift is held.
  if ((mod || key.length > 1 || /[a-z]/.test(key)) && shift !== press.shiftKey) return false;
  return press.key === key || (mod && press.key.toLowerCase() === key);
}
