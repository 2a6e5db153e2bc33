import { lazy, Suspense, useEffect } from "react";
import { Route, Switch, useLocation } from "wouter";
import { CLOSE } from "../../protocol/closeCodes.ts";
import { useStore } from "../shared/lib/useStore.ts";
import { hub } from "../shared/live/stores.ts";
import { useConnection } from "../shared/live/useHub.ts";
import { Toasts } from "../shared/ui/Toasts.tsx";
import { askMe, me } from "./me.ts";
import { NoAnswer } from "./NoAnswer.tsx";
import { Shell } from "./shell/Shell.tsx";

const SignInPage = lazy(() => import("../features/signIn/SignInPage.tsx"));

/** Who is there, and then the page. */
export function App() {
  const [, navigate] = useLocation();

  async function signedIn(): Promise<void> {
    await askMe();
    hub().retryNow();
    // The code is spent; it should not stay in the history.
    navigate("/", { replace: true });
  }

  return (
    <Suspense fallback={null}>
      <Switch>
        <Route path="/sign-in">
          <SignInPage onSignedIn={() => void signedIn()} />
        </Route>
        <Route>
          <Pages />
        </Route>
      </Switch>
      <Toasts />
    </Suspense>
  );
}

function Pages() {
  const who = useStore(me);
  useEffect(() => void askMe(), []);
  if (who.state === "signedOut") return <SignInPage onSignedIn={() => undefined} />;
  if (who.state === "noAnswer")
    return <NoAnswer error={who.failure} trying={who.trying} retry={() => void askMe()} />;
  return <LivePages />;
}

/** The pages do not wait for the first answer: the hub's socket says by itself when nobody is signed in. */
function LivePages() {
  const connection = useConnection();
  const signedOut = connection.phase === "refused" && connection.code === CLOSE.unauthenticated;
  useEffect(() => {
    if (signedOut) void askMe();
  }, [signedOut]);
  return <Shell />;
}
