import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Plus, ShieldCheck } from "lucide-react";
import { useState } from "react";
import type { Me } from "../../../protocol/api.ts";
import type { Rule } from "../../../protocol/approvals.ts";
import { isToolName } from "../../../protocol/tools.ts";
import { failureSentence } from "../../shared/api/ApiFailure.ts";
import { api } from "../../shared/api/endpoints.ts";
import { Queries } from "../../shared/api/Queries.tsx";
import { Button } from "../../shared/ui/Button.tsx";
import { ConfirmDialog } from "../../shared/ui/ConfirmDialog.tsx";
import { Empty } from "../../shared/ui/Empty.tsx";
import { PageHead } from "../../shared/ui/PageHead.tsx";
import { Skeleton } from "../../shared/ui/Skeleton.tsx";
import { showToast } from "../../shared/ui/toasts.ts";
import { RuleCard } from "./RuleCard.tsx";
import { RuleDialog } from "./RuleDialog.tsx";
import { coverage } from "./ruleWords.ts";

const RULES = ["rules"];
/** Others may change them, and no live connection tells. */
const REFETCH_MS = 15_000;

/** The standing decisions of the team: what runs without asking, in every session. */
export default function RulesPage({ me }: { me: Me | null }) {
  return (
    <Queries>
      <Rules admin={me?.role === "admin"} viewer={me !== null && me.role !== "admin"} />
    </Queries>
  );
}

/** What stands open beside the list. */
type Asking = { what: "new" } | { what: "edit" | "remove"; rule: Rule };

function Rules({ admin, viewer }: { admin: boolean; viewer: boolean }) {
  const queries = useQueryClient();
  const [asking, setAsking] = useState<Asking | null>(null);
  const { data, error, isPending } = useQuery({
    queryKey: RULES,
    queryFn: api.rules,
    refetchInterval: REFETCH_MS,
    staleTime: 0,
  });
  const close = (): void => setAsking(null);
  const changed = (): void => {
    close();
    void queries.invalidateQueries({ queryKey: RULES });
  };
  return (
    <>
      <PageHead
        title="Rules"
        note={viewer ? "Only an administrator can change them" : "What runs without asking, in every session"}
        actions={
          admin && (
            <Button look="primary" onClick={() => setAsking({ what: "new" })} data-testid="new-rule">
              <Plus size={16} /> New rule
            </Button>
          )
        }
      />
      <div className="min-h-0 grow overflow-y-auto border-t border-line">
        <div className="mx-auto flex max-w-3xl flex-col gap-2 p-4">
          {error !== null && (
            <p role="alert" className="text-trouble-text">
              {failureSentence(error)}
              {data !== undefined && " What is shown may be old."}
            </p>
          )}
          {isPending && (
            <>
              <Skeleton className="h-24" />
              <Skeleton className="h-24" />
            </>
          )}
          {data?.length === 0 && (
            <Empty title="No rule is made yet" icon={<ShieldCheck size={24} />}>
              <p>
                Choose <b className="font-medium text-text">Always</b> when something asks for permission, and
                it becomes a rule: from then on what it covers runs without asking.
              </p>
            </Empty>
          )}
          <ul className="flex flex-col gap-2" aria-label="Rules">
            {data?.map((rule) => (
              <li key={rule.id}>
                <RuleCard
                  rule={rule}
                  admin={admin}
                  onEdit={() => setAsking({ what: "edit", rule })}
                  onRemove={() => setAsking({ what: "remove", rule })}
                />
              </li>
            ))}
          </ul>
        </div>
      </div>
      {(asking?.what === "new" || asking?.what === "edit") && (
        <RuleDialog rule={asking.what === "edit" ? asking.rule : null} onClose={close} onDone={changed} />
      )}
      {asking?.what === "remove" && <RemoveRule rule={asking.rule} onClose={close} onDone={changed} />}
    </>
  );
}

function RemoveRule({ rule, onClose, onDone }: { rule: Rule; onClose(): void; onDone(): void }) {
  const [busy, setBusy] = useState(false);
  const { how, line } = coverage(rule);
  async function remove(): Promise<void> {
    setBusy(true);
    try {
      await api.removeRule(rule.id);
      showToast({ text: "The rule was revoked. What it covered is asked for again." });
    } catch (error) {
      showToast({ kind: "trouble", text: failureSentence(error) });
    }
    onDone();
  }
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      onConfirm={() => void remove()}
      busy={busy}
      title="Revoke this rule?"
      confirm="Revoke"
      testId="remove-rule"
    >
      <p>
        {how} <code className="font-mono text-[12px] break-all text-text">{line}</code>
      </p>
      <p>What it covered is asked for again, from now on. What runs already goes on.</p>
      {!isToolName(rule.tool) && (
        <p>A host that is away may go by its copy of the rules for up to 24 hours since it was last here.</p>
      )}
    </ConfirmDialog>
  );
}
