import { useEffect, useRef, useState } from "react";
import { useSearch } from "wouter";
import { failureSentence } from "../../shared/api/ApiFailure.ts";
import { api } from "../../shared/api/endpoints.ts";
import { CopyLine } from "../../shared/ui/CopyLine.tsx";
import { Logo } from "../../shared/ui/Logo.tsx";

/** Trades the one-time code of a sign-in link for a cookie; without a code it says where to get a link. */
export default function SignInPage({ onSignedIn }: { onSignedIn(): void }) {
  const code = new URLSearchParams(useSearch()).get("code");
  const [failure, setFailure] = useState<string | null>(null);
  const signedIn = useRef(onSignedIn);
  useEffect(() => {
    signedIn.current = onSignedIn;
  });

  useEffect(() => {
    if (code === null) return;
    let left = false;
    signInOnce(code).then(
      () => !left && signedIn.current(),
      (error: unknown) => !left && setFailure(failureSentence(error)),
    );
    return () => {
      left = true;
    };
  }, [code]);

  return (
    <main className="flex h-full flex-col items-center gap-6 px-6 pt-[22vh]">
      <Logo size={40} />
      <div className="flex max-w-md flex-col items-center gap-3 text-center">
        <h1 className="text-title font-semibold">Signalbox</h1>
        {code !== null && failure === null ? (
          <p role="status" className="text-muted">
            Signing in.
          </p>
        ) : (
          <>
            {failure !== null && (
              <p role="alert" className="text-trouble-text">
                {failure}
              </p>
            )}
            <p className="text-muted">
              {failure === null
                ? "You are not signed in. "
                : "A sign-in link works once and only for a short time. "}
              On the machine that runs Signalbox, run this and open the link it prints:
            </p>
            <CopyLine line="signalbox status" what="the command" />
          </>
        )}
      </div>
    </main>
  );
}

const asked = new Map<string, Promise<void>>();

/** A code works once, so it is sent once, however often the page is drawn. */
function signInOnce(code: string): Promise<void> {
  const known = asked.get(code);
  if (known !== undefined) return known;
  const answer = api.signIn(code);
  asked.set(code, answer);
  return answer;
}
