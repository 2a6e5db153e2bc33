import { basename } from "node:path";
import type { AgentConfig } from "../../config.ts";
import { isShell } from "../../tmux/recogniseAgent.ts";
import type { WatchedPane } from "../../tmux/tmuxPart.ts";

/** Programs that show what others have written: editors, pagers, multiplexers, and terminals of other machines. */
const SHOWS_OTHERS = new Set(
  (
    "vi vim nvim view vimdiff gvim ex nano pico emacs emacsclient mg hx helix kak micro joe ne ed mcedit " +
    "less more most lv man info bat batcat cat tac head tail multitail lnav watch journalctl dmesg glow mdcat " +
    "tmux screen zellij byobu dtach abduco script asciinema ttyrec top htop btop tig lazygit fzf mc ranger nnn lf " +
    "ssh mosh mosh-client telnet rlogin et docker podman kubectl nerdctl lxc incus machinectl vagrant multipass adb"
  ).split(" "),
);

/** What may stand in the last lines of a prompt, so that a screen without any need not be looked at. */
const LIKE_A_PROMPT = /^\W*1[.)]\s|[[(]\s*y|\(Y\)es|\b(?:allow|approve|proceed|continue)\b/im;
const LAST_LINES = 30;

/** Whether a prompt on a pane's screen would be its program's own. */
export function mayAsk({ agent, program }: WatchedPane, policy: AgentConfig["keystrokes"]): boolean {
  if (policy === "none" || agent === "shell") return false;
  if (agent !== "other") return true;
  return policy === "all" && !showsOthers(program);
}

/** Whether a script in a shell runs a program that shows what others have written. */
export function runsViewer({ program }: WatchedPane, foreground: readonly string[][]): boolean {
  return isShell(program) && foreground.some(([path = ""]) => showsOthers(basename(path)));
}

function showsOthers(program: string): boolean {
  return SHOWS_OTHERS.has(program.replace(/^-/, ""));
}

/** Whether a screen is worth a closer look. */
export function looksLikePrompt(text: string): boolean {
  return LIKE_A_PROMPT.test(text.trimEnd().split("\n").slice(-LAST_LINES).join("\n"));
}
