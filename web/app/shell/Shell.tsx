import { lazy, Suspense, useEffect } from "react";
import { Redirect, Route, Switch, useLocation } from "wouter";
import { SessionsPage } from "../../features/sessions/SessionsPage.tsx";
import { useKeys } from "../../shared/keys/useKeys.ts";
import { useStore } from "../../shared/lib/useStore.ts";
import { usePhone } from "../../shared/lib/useMedia.ts";
import { followed, hub } from "../../shared/live/stores.ts";
import { openDialog } from "../../shared/ui/dialogs.ts";
import { showToast } from "../../shared/ui/toasts.ts";
import { me } from "../me.ts";
import { BottomBar } from "./BottomBar.tsx";
import { ConnectionBar } from "./ConnectionBar.tsx";
import { NotFoundPage } from "./NotFoundPage.tsx";
import { PageBoundary } from "./PageBoundary.tsx";
import { Rail } from "./Rail.tsx";
import { useDocumentSignal } from "./useDocumentSignal.ts";

const loadSessionPage = () => import("../../features/session/SessionPage.tsx");
const SessionPage = lazy(loadSessionPage);
const loadInboxPage = () => import("../../features/inbox/InboxPage.tsx");
const InboxPage = lazy(loadInboxPage);
const NoHost = lazy(() => import("../../features/hosts/NoHost.tsx"));
const HostsPage = lazy(() => import("../../features/hosts/HostsPage.tsx"));
const WorktreesPage = lazy(() => import("../../features/worktrees/WorktreesPage.tsx"));
const RulesPage = lazy(() => import("../../features/rules/RulesPage.tsx"));
const SettingsPage = lazy(() => import("../../features/settings/SettingsPage.tsx"));
const WorkPage = lazy(() => import("../../features/work/WorkPage.tsx"));
const RunPage = lazy(() => import("../../features/workflows/RunPage.tsx"));

const Dialogs = lazy(() => import("./Dialogs.tsx"));

/** The frame around every page: rail and main on a desk, main and bottom bar on a phone. */
export function Shell() {
  const phone = usePhone();
  const [path, navigate] = useLocation();
  const dialog = useStore(openDialog);
  const who = useStore(me);
  const inSession = path.startsWith("/sessions/");
  useDocumentSignal();

  useEffect(() => {
    let stop = (): void => undefined;
    let over = false;
    void import("./startWorkNews.ts").then(
      ({ startWorkNews }) => {
        if (!over) stop = startWorkNews({ state: hub().state, user, followed, show: showToast });
      },
      () => undefined /* it is only news */,
    );
    return () => {
      over = true;
      stop();
    };
  }, []);

  useEffect(() => {
    // What is opened next is fetched while nothing else happens.
    const idle = window.requestIdleCallback ?? ((task: () => void) => setTimeout(task, 1_500));
    idle(
      () =>
        void Promise.all([loadSessionPage(), loadInboxPage()])
          .then(([{ preloadTerminal }]) => preloadTerminal())
          .catch(() => undefined /* fetched again when it is needed */),
    );
  }, []);

  useKeys([
    {
      keys: ["Mod+k", "Mod+Shift+k"],
      label: "Find anything",
      group: "Everywhere",
      everywhere: true,
      run: () => openDialog.set(openDialog.get()?.name === "palette" ? null : { name: "palette" }),
    },
    { keys: ["?"], label: "Show all keys", group: "Everywhere", run: () => openDialog.set({ name: "keys" }) },
    { keys: ["n"], label: "New session", group: "Everywhere", run: () => openDialog.set({ name: "new" }) },
    { keys: ["1"], label: "Sessions", group: "Everywhere", run: () => navigate("/") },
    { keys: ["2"], label: "What needs you", group: "Everywhere", run: () => navigate("/inbox") },
    { keys: ["3"], label: "Hosts", group: "Everywhere", run: () => navigate("/hosts") },
    { keys: ["4"], label: "Settings", group: "Everywhere", run: () => navigate("/settings") },
    { keys: ["5"], label: "Work", group: "Everywhere", run: () => navigate("/work") },
  ]);

  return (
    <div className="flex h-[var(--vh,100dvh)] flex-col overflow-hidden">
      <a
        href="#main"
        className="sr-only z-50 rounded-base bg-raised px-3 py-2 focus:not-sr-only focus:absolute focus:top-2 focus:left-2"
      >
        Skip to the page
      </a>
      <div className="flex min-h-0 grow">
        {!phone && <Rail />}
        <div className="flex min-w-0 grow flex-col">
          <ConnectionBar />
          <main id="main" tabIndex={-1} className="flex min-h-0 grow flex-col outline-none">
            <PageBoundary key={path}>
              <Suspense fallback={null}>
                <Switch>
                  <Route path="/">
                    <SessionsPage noHost={<NoHost />} />
                  </Route>
                  <Route path="/inbox">
                    <InboxPage />
                  </Route>
                  <Route path="/hosts">
                    <HostsPage />
                  </Route>
                  <Route path="/hosts/:id/worktrees">{({ id }) => <WorktreesPage key={id} id={id} />}</Route>
                  <Route path="/rules">
                    <RulesPage me={who.state === "here" ? who.me : null} />
                  </Route>
                  <Route path="/work/runs/:id">
                    {({ id }) => (
                      <RunPage key={id} id={id} operator={who.state === "here" && who.me.role !== "viewer"} />
                    )}
                  </Route>
                  <Route path="/work/:place?">
                    {({ place }) => <WorkPage me={who.state === "here" ? who.me : null} place={place} />}
                  </Route>
                  <Route path="/settings">
                    <SettingsPage me={who.state === "here" ? who.me : null} />
                  </Route>
                  <Route path="/sessions/:id">{({ id }) => <SessionPage key={id} id={id} />}</Route>
                  <Route path="/sessions">
                    <Redirect to="/" replace />
                  </Route>
                  <Route>
                    <NotFoundPage />
                  </Route>
                </Switch>
              </Suspense>
            </PageBoundary>
          </main>
        </div>
      </div>
      {phone && !inSession && <BottomBar />}
      {dialog !== null && (
        <Suspense fallback={null}>
          <Dialogs dialog={dialog} />
        </Suspense>
      )}
    </div>
  );
}

function user(): string | null {
  const who = me.get();
  return who.state === "here" ? who.me.user : null;
}
