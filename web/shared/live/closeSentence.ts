import { closeName, type CloseName } from "../../../protocol/closeCodes.ts";

const SENTENCES: Record<CloseName, string> = {
  malformed: "The server did not understand this page. Reload it.",
  unauthenticated: "You are signed out.",
  forbidden: "You are not allowed to see this.",
  notFound: "This does not exist any more.",
  replaced: "Another connection took the place of this one.",
  tooLarge: "This page sent more than the server takes at once.",
  version: "This page is older than the server. Reload it.",
  silent: "The connection went silent.",
  nobodyWatching: "The connection was not needed any more.",
  hostGone: "The host went away.",
  internal: "The server had a fault.",
};

/** Why a socket closed, as a sentence; the server's own reason follows when it gave one. */
export function closeSentence(code: number, reason: string): string {
  const name = closeName(code);
  const sentence = name === undefined ? platformSentence(code) : SENTENCES[name];
  const detail = reason.trim();
  return detail === "" || detail === name ? sentence : `${sentence} (${detail})`;
}

function platformSentence(code: number): string {
  if (code === 1001 || code === 1012) return "Signalbox is restarting.";
  if (code === 1006 || code === 1005 || code === 1000) return "The connection was lost.";
  if (code === 1013) return "The server is busy.";
  return `The connection was closed with code ${code}.`;
}
