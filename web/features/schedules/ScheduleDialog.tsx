import { useQuery } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";
import { newId } from "../../../protocol/ids.ts";
import type { Schedule, When } from "../../../protocol/schedules.ts";
import { failureSentence } from "../../shared/api/ApiFailure.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { CodeInput, Field, Input, Select } from "../../shared/ui/Field.tsx";
import { FormDialog } from "../../shared/ui/FormDialog.tsx";
import { draftOf, workOf } from "../work/workDraft.ts";
import { WorkFields } from "../work/WorkFields.tsx";
import { workApi } from "../work/workApi.ts";
import { COMMON, inZone, ownZone } from "./scheduleWords.ts";

/** What `datetime-local` shows for a moment, in the time of this browser. */
function localText(at: number): string {
  const offset = new Date(at).getTimezoneOffset() * 60_000;
  return new Date(at - offset).toISOString().slice(0, 16);
}

/** Makes a schedule, or changes one. */
export function ScheduleDialog({
  schedule,
  onClose,
  onDone,
}: {
  schedule: Schedule | null;
  onClose(): void;
  onDone(): void;
}) {
  const before = schedule?.when;
  const [name, setName] = useState(schedule?.name ?? "");
  const [kind, setKind] = useState<When["kind"]>(before?.kind ?? "cron");
  const [cron, setCron] = useState(before?.kind === "cron" ? before.cron : "0 9 * * MON-FRI");
  const [zone, setZone] = useState(before?.kind === "cron" ? before.time_zone : ownZone());
  const [once, setOnce] = useState(() =>
    localText(before?.kind === "once" ? before.at : Date.now() + 3_600_000),
  );
  const [draft, setDraft] = useState(() => draftOf(schedule?.work ?? null));
  const [catchUp, setCatchUp] = useState(schedule?.catch_up ?? "one");
  const [overlap, setOverlap] = useState(schedule?.overlap ?? "skip");
  // The same id when it is tried again: one schedule is made.
  const [id] = useState(() => newId("sch"));

  const at = Date.parse(once);
  const when: When | null =
    kind === "cron"
      ? cron.trim() === "" || zone.trim() === ""
        ? null
        : { kind, cron: cron.trim(), time_zone: zone.trim() }
      : Number.isNaN(at)
        ? null
        : { kind, at };
  const work = workOf(draft);
  const times = useNextTimes(when);
  const ready = name.trim() !== "" && when !== null && work !== null && times.error === null;

  async function save(): Promise<void> {
    if (when === null || work === null) return;
    const fields = { name: name.trim(), when, work, catch_up: catchUp, overlap };
    if (schedule === null) await workApi.makeSchedule({ id, ...fields });
    else await workApi.changeSchedule(schedule.id, { ...fields, version: schedule.version });
    onDone();
  }

  return (
    <FormDialog
      onClose={onClose}
      title={schedule === null ? "New schedule" : "Edit the schedule"}
      testId="schedule-dialog"
      submit={schedule === null ? "Make the schedule" : "Save"}
      submitTestId="save-schedule"
      ready={ready}
      onSubmit={save}
    >
      <Field label="Name">
        {(ids) => (
          <Input
            {...ids}
            maxLength={100}
            value={name}
            placeholder="Morning report"
            onChange={(event) => setName(event.target.value)}
            data-testid="schedule-name"
          />
        )}
      </Field>
      <Field label="When">
        {(ids) => (
          <Select
            {...ids}
            value={kind}
            onChange={(event) => setKind(event.target.value === "once" ? "once" : "cron")}
          >
            <option value="cron">Again and again</option>
            <option value="once">Once</option>
          </Select>
        )}
      </Field>
      {kind === "cron" ? (
        <>
          <div className="flex flex-wrap gap-1.5">
            {COMMON.map((each) => (
              <Button
                key={each.cron}
                aria-pressed={each.cron === cron}
                className="aria-pressed:border-edge"
                onClick={() => setCron(each.cron)}
              >
                {each.label}
              </Button>
            ))}
          </div>
          <div className="grid grid-cols-2 gap-3 phone:grid-cols-1">
            <Field label="Cron expression" hint="Minute, hour, day, month, weekday">
              {(ids) => (
                <CodeInput
                  {...ids}
                  maxLength={200}
                  value={cron}
                  onChange={(event) => setCron(event.target.value)}
                  data-testid="schedule-cron"
                />
              )}
            </Field>
            <Field label="Time zone">
              {(ids) => (
                <>
                  <Input
                    {...ids}
                    list="time-zones"
                    autoCapitalize="off"
                    spellCheck={false}
                    maxLength={100}
                    value={zone}
                    onChange={(event) => setZone(event.target.value)}
                    data-testid="schedule-zone"
                  />
                  <datalist id="time-zones">
                    {Intl.supportedValuesOf("timeZone").map((each) => (
                      <option key={each} value={each} />
                    ))}
                  </datalist>
                </>
              )}
            </Field>
          </div>
        </>
      ) : (
        <Field label="At" hint={`In the time of this browser, ${ownZone()}`}>
          {(ids) => (
            <Input
              {...ids}
              type="datetime-local"
              value={once}
              onChange={(event) => setOnce(event.target.value)}
            />
          )}
        </Field>
      )}
      <p
        className={times.error === null ? "text-small text-muted" : "text-small text-trouble-text"}
        role={times.error === null ? undefined : "alert"}
        data-testid="next-times"
      >
        {times.error ??
          (times.items.length === 0
            ? " "
            : `Next: ${times.items
                .slice(0, 3)
                .map((each) => inZone(each, kind === "cron" ? zone.trim() : ownZone()))
                .join(", ")}`)}
      </p>
      <WorkFields draft={draft} onChange={setDraft} />
      <div className="grid grid-cols-2 gap-3 phone:grid-cols-1">
        <Field label="When the last one still runs">
          {(ids) => (
            <Select
              {...ids}
              value={overlap}
              onChange={(event) =>
                setOverlap(OVERLAPS.find(({ id: each }) => each === event.target.value)?.id ?? "skip")
              }
            >
              {OVERLAPS.map((each) => (
                <option key={each.id} value={each.id}>
                  {each.label}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <Field label="When a time was missed">
          {(ids) => (
            <Select
              {...ids}
              value={catchUp}
              onChange={(event) => setCatchUp(event.target.value === "none" ? "none" : "one")}
            >
              <option value="one">Make up for it once</option>
              <option value="none">Leave it out</option>
            </Select>
          )}
        </Field>
      </div>
    </FormDialog>
  );
}

const OVERLAPS = [
  { id: "skip", label: "Skip this time" },
  { id: "queue", label: "Wait for it" },
  { id: "parallel", label: "Run beside it" },
] as const;

/** When an expression is due next, as it is typed; `error` is what is wrong with it. */
function useNextTimes(when: When | null): { items: number[]; error: string | null } {
  const steady = useDeferredValue(when === null ? null : JSON.stringify(when));
  const { data, error } = useQuery({
    queryKey: ["next times", steady],
    queryFn: () => (when === null ? Promise.resolve([]) : workApi.nextTimes(when)),
    enabled: steady !== null,
    retry: false,
    staleTime: 0,
  });
  return { items: data ?? [], error: error === null ? null : failureSentence(error) };
}
