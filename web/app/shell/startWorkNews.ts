import type { HubStore } from "../../shared/live/hubStore.ts";
import type { showToast } from "../../shared/ui/toasts.ts";
import { newsBetween } from "./workNews.ts";

/** More than these at once are one notice. */
const MOST = 3;

type Parts = {
  state: HubStore["state"];
  user: () => string | null;
  followed: ReadonlySet<string>;
  show: typeof showToast;
};

/** Says when a person's task or run ends while the page is open; given its parts, it is a small file that comes later. Ends by what it returns. */
export function startWorkNews({ state, user, followed, show }: Parts): () => void {
  let before = state.get();
  return state.subscribe(() => {
    const after = state.get();
    const path = document.hidden ? "" : location.pathname;
    const news = newsBetween(before, after, { user: user(), followed, path });
    before = after;
    if (news.length > MOST)
      return show({
        text: `${news.length} tasks and runs have ended.`,
        kind: news.some(({ bad }) => bad) ? "trouble" : "plain",
        link: { href: "/work", label: "Look" },
      });
    for (const { text, bad, href } of news)
      show({ text, kind: bad ? "trouble" : "plain", link: { href, label: "Open" } });
  });
}
