import { Pencil, ShieldCheck, Trash2 } from "lucide-react";
import type { Rule } from "../../../protocol/approvals.ts";
import { classes } from "../../shared/lib/classes.ts";
import { showHidden } from "../../shared/lib/showHidden.ts";
import { fullTime } from "../../shared/lib/time.ts";
import { useNow } from "../../shared/lib/useNow.ts";
import { useHub } from "../../shared/live/useHub.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { Since } from "../../shared/ui/Since.tsx";
import { coverage, isOver } from "./ruleWords.ts";

type Props = { rule: Rule; admin: boolean; onEdit(): void; onRemove(): void };

/** One rule: what it covers, where, for how long, why, and who made it. */
export function RuleCard({ rule, admin, onEdit, onRemove }: Props) {
  const { hosts } = useHub();
  const over = isOver(rule, useNow("slow"));
  const { how, line } = coverage(rule);
  const host = rule.host === null ? "any host" : (hosts.get(rule.host)?.name ?? "a host that is gone");
  return (
    <article
      className="flex flex-col gap-1.5 rounded-base border border-line bg-surface p-3"
      data-testid="rule"
      data-rule={rule.id}
      data-over={over || undefined}
    >
      <div className="flex items-start gap-2">
        <ShieldCheck
          size={14}
          aria-hidden
          className={classes("mt-[3px] shrink-0", over ? "text-muted" : "text-done")}
        />
        <p className="min-w-0 grow break-words">
          <span className="text-muted">{how}</span>{" "}
          <code className="font-mono text-[12px] break-all">{showHidden(line)}</code>
        </p>
        {admin && (
          <span className="-mt-1 -mr-1 flex shrink-0">
            <Button look="quiet" square onClick={onEdit} aria-label="Edit this rule" data-testid="edit-rule">
              <Pencil size={14} />
            </Button>
            <Button
              look="quiet"
              square
              onClick={onRemove}
              aria-label="Revoke this rule"
              data-testid="revoke-rule"
            >
              <Trash2 size={14} />
            </Button>
          </span>
        )}
      </div>
      <p className="pl-[22px] break-words">
        On {host}
        {rule.workspace === null ? ", in any directory" : ", in "}
        {rule.workspace !== null && <code className="font-mono text-[12px] break-all">{rule.workspace}</code>}
        {over ? (
          <span className="text-waiting-text">; expired {fullTime(rule.expires_at ?? 0)}</span>
        ) : (
          <>; {rule.expires_at === null ? "until it is revoked" : `until ${fullTime(rule.expires_at)}`}</>
        )}
      </p>
      {rule.reason !== "" && <p className="pl-[22px] break-words text-muted">“{rule.reason}”</p>}
      <p className="pl-[22px] text-small text-muted">
        Made by {rule.by} <Since at={rule.created_at} long />
        {rule.changed_by !== undefined && rule.changed_at !== undefined && (
          <>
            , changed by {rule.changed_by} <Since at={rule.changed_at} long />
          </>
        )}
      </p>
    </article>
  );
}
