import { isEnded } from "../../../protocol/session.ts";
import { useHub } from "../../shared/live/useHub.ts";
import { Field, Select, Textarea } from "../../shared/ui/Field.tsx";
import type { WorkDraft } from "./workDraft.ts";

/** The fields of what is started. `hint`: what may stand in its texts. */
export function WorkFields({
  draft,
  hint,
  onChange,
}: {
  draft: WorkDraft;
  hint?: string;
  onChange(draft: WorkDraft): void;
}) {
  const { sessions } = useHub();
  const set = (change: Partial<WorkDraft>): void => onChange({ ...draft, ...change });
  const open = [...sessions.values()].filter((session) => !isEnded(session) || session.id === draft.session);
  return (
    <>
      <Field label="Session" hint="The message waits for a turn that runs, and for a host that sleeps.">
        {(ids) => (
          <Select
            {...ids}
            value={draft.session}
            onChange={(event) => set({ session: event.target.value })}
            data-testid="work-session"
          >
            <option value="">Choose a session</option>
            {draft.session !== "" && !open.some(({ id }) => id === draft.session) && (
              <option value={draft.session}>A session that is gone</option>
            )}
            {open
              .toSorted((a, b) => a.title.localeCompare(b.title))
              .map(({ id, title }) => (
                <option key={id} value={id}>
                  {title}
                </option>
              ))}
          </Select>
        )}
      </Field>
      <Field label="Message" hint={hint}>
        {(ids) => (
          <Textarea
            {...ids}
            rows={4}
            value={draft.text}
            onChange={(event) => set({ text: event.target.value })}
            data-testid="work-text"
          />
        )}
      </Field>
    </>
  );
}
