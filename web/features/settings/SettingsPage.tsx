import { LogOut } from "lucide-react";
import type { ReactNode } from "react";
import type { Me } from "../../../protocol/api.ts";
import { Queries } from "../../shared/api/Queries.tsx";
import { signOut } from "../../shared/api/signOut.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { PageHead } from "../../shared/ui/PageHead.tsx";
import { Skeleton } from "../../shared/ui/Skeleton.tsx";
import { Appearance } from "./Appearance.tsx";
import { ModelList } from "./ModelList.tsx";
import { Models } from "./Models.tsx";

/** What holds for the team (models), and for this browser. `me` is null until it is known who is here. */
export default function SettingsPage({ me }: { me: Me | null }) {
  return (
    <Queries>
      <PageHead title="Settings" />
      <div className="min-h-0 grow overflow-y-auto border-t border-line" data-testid="settings">
        <div className="mx-auto flex max-w-3xl flex-col gap-8 p-4 pb-16">
          <Section title="Models" note="What chats talk to. A change holds from the next request on.">
            {me === null ? <Skeleton className="h-24" /> : me.role === "admin" ? <Models /> : <ModelList />}
          </Section>
          <Section title="Appearance" note="Of this browser.">
            <Appearance />
          </Section>
          <Section title="About">
            {me !== null && (
              <dl className="grid grid-cols-[auto_1fr] items-center gap-x-6 gap-y-2">
                <dt className="text-muted">You</dt>
                <dd className="flex flex-wrap items-center gap-x-3 gap-y-1">
                  <span className="min-w-0 break-words">
                    {me.user}, {me.role}
                  </span>
                  <Button look="quiet" onClick={() => void signOut()} data-testid="sign-out">
                    <LogOut size={14} /> Sign out of this browser
                  </Button>
                </dd>
                <dt className="text-muted">Runs</dt>
                <dd>{me.mode === "local" ? "on this machine alone" : "as a deployment"}</dd>
                <dt className="text-muted">Version</dt>
                <dd>{me.version}</dd>
              </dl>
            )}
            <p className="text-muted">
              How everything is used and operated is written in <code className="font-mono">docs/</code>{" "}
              beside the source: <code className="font-mono">use.md</code>,{" "}
              <code className="font-mono">operate.md</code>.
            </p>
          </Section>
        </div>
      </div>
    </Queries>
  );
}

function Section({ title, note, children }: { title: string; note?: string; children: ReactNode }) {
  return (
    <section aria-label={title} className="flex flex-col gap-3">
      <div>
        <h2 className="text-lead font-medium">{title}</h2>
        {note !== undefined && <p className="text-muted">{note}</p>}
      </div>
      {children}
    </section>
  );
}
