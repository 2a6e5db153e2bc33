import { BookmarkPlus, Trash2 } from "lucide-react";
import { useState } from "react";
import type { TemplateFields } from "../../../protocol/templates.ts";
import { failureSentence } from "../../shared/api/ApiFailure.ts";
import { useAnswer } from "../../shared/api/useAnswer.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { Input, Select } from "../../shared/ui/Field.tsx";
import { startsApi } from "./startsApi.ts";

/** The team's templates: begin as one says, save what stands here as one, remove one. */
export function TemplateBar({
  fields,
  onPick,
}: {
  /** What would be saved. */
  fields(): TemplateFields;
  onPick(fields: TemplateFields): void;
}) {
  const [round, setRound] = useState(0);
  const { data } = useAnswer(`templates ${round}`, startsApi.templates, 0);
  const [chosen, setChosen] = useState("");
  const [name, setName] = useState<string | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const templates = data ?? [];

  async function change(work: () => Promise<unknown>, then: string): Promise<void> {
    setBusy(true);
    setFailure(null);
    try {
      await work();
      setChosen(then);
      setName(null);
      setRound(round + 1);
    } catch (error) {
      setFailure(failureSentence(error));
    }
    setBusy(false);
  }

  function save(): void {
    const wanted = (name ?? "").trim();
    if (wanted !== "" && !busy) void change(() => startsApi.saveTemplate(wanted, fields()), wanted);
  }

  return (
    <div className="flex flex-col gap-1" data-testid="templates">
      <div className="flex items-center gap-2">
        {name === null ? (
          <>
            <Select
              aria-label="Template"
              data-testid="template"
              value={templates.some((each) => each.name === chosen) ? chosen : ""}
              disabled={templates.length === 0}
              onChange={(event) => {
                setChosen(event.target.value);
                const found = templates.find((each) => each.name === event.target.value);
                if (found !== undefined) onPick(found.fields);
              }}
            >
              <option value="">
                {templates.length === 0 ? "No template is saved yet" : "Without a template"}
              </option>
              {templates.map((each) => (
                <option key={each.name} value={each.name}>
                  {each.name}
                </option>
              ))}
            </Select>
            {chosen !== "" && (
              <Button
                look="quiet"
                square
                aria-label={`Remove the template ${chosen}, for the whole team`}
                title="Remove it, for the whole team"
                disabled={busy}
                onClick={() => void change(() => startsApi.removeTemplate(chosen), "")}
                data-testid="remove-template"
              >
                <Trash2 size={14} />
              </Button>
            )}
            <Button look="quiet" onClick={() => setName(chosen)} data-testid="save-as">
              <BookmarkPlus size={14} /> Save as
            </Button>
          </>
        ) : (
          <>
            <Input
              aria-label="Name of the template"
              data-testid="template-name"
              placeholder="Its name, for the whole team"
              maxLength={60}
              autoFocus
              value={name}
              onChange={(event) => setName(event.target.value)}
              onKeyDown={(event) => {
                if (event.key === "Escape") {
                  event.stopPropagation();
                  setName(null);
                }
                if (event.key !== "Enter") return;
                event.preventDefault();
                save();
              }}
            />
            <Button disabled={busy || name.trim() === ""} onClick={save} data-testid="save-template">
              Save
            </Button>
            <Button look="quiet" onClick={() => setName(null)}>
              Cancel
            </Button>
          </>
        )}
      </div>
      {failure !== null && (
        <p role="alert" className="text-small text-trouble-text">
          {failure}
        </p>
      )}
    </div>
  );
}
