import type { ModelSettings } from "../../../protocol/modelSettings.ts";
import { useModels } from "../../shared/api/models.ts";
import { Field, Select } from "../../shared/ui/Field.tsx";

type Props = { settings: ModelSettings; busy: boolean; onChoose(model: string | null): void };

/** The model that a new chat begins with. */
export function DefaultModel({ settings, busy, onChoose }: Props) {
  const models = useModels();
  const chosen = settings.default_model;
  const first = models?.[0];
  const fixed = chosen?.source === "environment";
  const gone = chosen !== null && models !== null && !models.some(({ id }) => id === chosen.id);
  return (
    <Field
      label="New chats begin with"
      hint={
        fixed
          ? "The environment says so (SIGNALBOX_MODEL), and is changed there."
          : gone
            ? "That model is not there any more; the first of the list is taken."
            : undefined
      }
    >
      {(ids) => (
        <Select
          {...ids}
          value={chosen?.id ?? ""}
          disabled={fixed || busy || models === null}
          onChange={(event) => onChoose(event.target.value === "" ? null : event.target.value)}
          data-testid="default-model"
        >
          <option value="">The first of the list{first === undefined ? "" : ` (${first.id})`}</option>
          {chosen !== null && (gone || models === null) && <option value={chosen.id}>{chosen.id}</option>}
          {models?.map(({ id }) => (
            <option key={id} value={id}>
              {id}
            </option>
          ))}
        </Select>
      )}
    </Field>
  );
}
