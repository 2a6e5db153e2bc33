import { CONSOLE, decodeSize } from "../../protocol/consoleFrames.ts";
import { MAX_INPUT_BYTES, MAX_PASTE_BYTES } from "../../protocol/limits.ts";
import type { PaneAccess, TypeResult } from "../tmux/tmuxPart.ts";

export type ViewerInput = {
  /** What a viewer typed, pasted or asked; false when the frame is nothing of that. */
  take(type: number, viewer: number, payload: Uint8Array): boolean;
};

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Passes to a pane what its viewers do, and tells them what was refused. */
export function viewerInput(deps: {
  session: string;
  tmux: PaneAccess;
  refuse: (viewer: number, reason: string) => void;
}): ViewerInput {
  const { session, tmux, refuse } = deps;
  let wantedSize: { viewer: number; cols: number; rows: number } | null = null;
  let fitting = false;

  const answer = (viewer: number, result: Promise<TypeResult>) => {
    void result.then((done) => {
      if (!done.ok) refuse(viewer, done.reason);
    });
  };

  const type = (viewer: number, payload: Uint8Array) => {
    if (payload.length > MAX_INPUT_BYTES) refuse(viewer, "That is too much to type at once; paste it.");
    else if (payload.length > 0) answer(viewer, tmux.type(session, payload));
  };

  const paste = (viewer: number, payload: Uint8Array) => {
    if (payload.length > MAX_PASTE_BYTES) {
      refuse(viewer, "The paste is too long.");
      return;
    }
    try {
      answer(viewer, tmux.paste(session, decoder.decode(payload)));
    } catch {
      refuse(viewer, "The paste is not valid text.");
    }
  };

  /** Sizes come fast while a window is dragged; only the newest counts. */
  const fit = async (viewer: number, payload: Uint8Array) => {
    const size = decodeSize(payload);
    if (size === null) {
      refuse(viewer, "A terminal cannot have that size.");
      return;
    }
    wantedSize = { viewer, ...size };
    if (fitting) return;
    fitting = true;
    while (wantedSize !== null) {
      const { viewer: asked, cols, rows }: { viewer: number; cols: number; rows: number } = wantedSize;
      wantedSize = null;
      const result = await tmux.fit(session, cols, rows);
      if (!result.ok) refuse(asked, result.reason);
    }
    fitting = false;
  };

  return {
    take(frame, viewer, payload) {
      if (frame === CONSOLE.input) type(viewer, payload);
      else if (frame === CONSOLE.paste) paste(viewer, payload);
      else if (frame === CONSOLE.resize) void fit(viewer, payload);
      else return false;
      return true;
    },
  };
}
