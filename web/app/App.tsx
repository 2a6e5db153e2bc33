import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { Route, Switch } from "wouter";
import { CLOSE } from "../../protocol/closeCodes.ts";
import { SignInPage } from "../features/signIn/SignInPage.tsx";
import { ApiFailure } from "../shared/api/ApiFailure.ts";
import { api } from "../shared/api/endpoints.ts";
import { useConnection } from "../shared/live/useHub.ts";
import { Toasts } from "../shared/ui/Toasts.tsx";
import { NoAnswer } from "./NoAnswer.tsx";
import { Shell } from "./shell/Shell.tsx";

/** Who is there, and then the page. */
export function App() {
  return (
    <>
      <Switch>
        <Route path="/sign-in">
          <SignInPage />
        </Route>
        <Route>
          <SignedIn />
        </Route>
      </Switch>
      <Toasts />
    </>
  );
}

function SignedIn() {
  const me = useQuery({
    queryKey: ["me"],
    queryFn: ({ signal }) => api.me(signal),
    refetchOnWindowFocus: false,
  });
  if (me.error instanceof ApiFailure && (me.error.status === 401 || me.error.status === 403))
    return <SignInPage />;
  if (me.error !== null && me.data === undefined)
    return <NoAnswer error={me.error} trying={me.isFetching} retry={() => void me.refetch()} />;
  return <LivePages recheck={() => void me.refetch()} />;
}

/** The pages do not wait for the first answer: the hub's socket says by itself when nobody is signed in. */
function LivePages({ recheck }: { recheck(): void }) {
  const connection = useConnection();
  const signedOut = connection.phase === "refused" && connection.code === CLOSE.unauthenticated;
  useEffect(() => {
    if (signedOut) recheck();
    // eslint-disable-next-line react-hooks/exhaustive-deps -- asks once when the socket was refused, not on every draw
  }, [signedOut]);
  return <Shell />;
}
