/** Ctrl-]: leaves the terminal, as in telnet. */
const LEAVE = 0x1d;

/** Splits what was typed: bytes for the session, and whether the person leaves. Pure. */
export function readKeys(bytes: Uint8Array): { input: Uint8Array; leave: boolean } {
  const at = bytes.indexOf(LEAVE);
  return at < 0 ? { input: bytes, leave: false } : { input: bytes.subarray(0, at), leave: true };
}
