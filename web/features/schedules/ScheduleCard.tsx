import { EllipsisVertical, Pause, Pencil, Play, Trash2, Zap } from "lucide-react";
import { useState } from "react";
import { newId } from "../../../protocol/ids.ts";
import type { Schedule } from "../../../protocol/schedules.ts";
import { classes } from "../../shared/lib/classes.ts";
import { fullTime } from "../../shared/lib/time.ts";
import { useNow } from "../../shared/lib/useNow.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { Menu, MenuItem, MenuLine } from "../../shared/ui/Menu.tsx";
import { Since } from "../../shared/ui/Since.tsx";
import { attempt } from "../work/attempt.ts";
import { workApi } from "../work/workApi.ts";
import { WorkLine } from "../work/WorkLine.tsx";
import { ExecutionList } from "./ExecutionList.tsx";
import { executionWords, inZone, policyWords, until, zoneOf } from "./scheduleWords.ts";
import { Unfold } from "../../shared/ui/Unfold.tsx";

const TONES = {
  done: "text-done-text",
  waiting: "text-waiting-text",
  trouble: "text-trouble-text",
  muted: "text-muted",
};

type Props = { schedule: Schedule; operator: boolean; onChanged(): void; onEdit(): void; onRemove(): void };

/** One schedule: what it starts, when next, how the last time went. */
export function ScheduleCard({ schedule, operator, onChanged, onEdit, onRemove }: Props) {
  const [open, setOpen] = useState(false);
  const now = useNow("slow");
  const { id, name, when, work, paused, next_at, last } = schedule;
  const zone = zoneOf(when);
  const told = last === null ? null : executionWords(last);
  const change = (work: () => Promise<unknown>, words: string): void =>
    void attempt(work, words).then(onChanged);
  return (
    <article
      className="flex flex-col gap-1.5 rounded-base border border-line bg-surface p-3"
      data-testid="schedule"
      data-schedule={id}
    >
      <div className="flex items-start gap-2">
        <div className="min-w-0 grow">
          <h2 className="font-medium break-words">{name}</h2>
          <p className="break-words text-muted">
            {when.kind === "cron" ? (
              <>
                <code className="font-mono text-[12px] text-text">{when.cron}</code> in {zone}
              </>
            ) : (
              <>once, {fullTime(when.at)}</>
            )}
          </p>
        </div>
        <p
          className={classes("shrink-0 text-right", paused ? "text-waiting-text" : "text-text")}
          data-testid="next-time"
        >
          {paused ? (
            "paused"
          ) : next_at === null ? (
            <span className="text-muted">is over</span>
          ) : (
            until(next_at, now)
          )}
          {next_at !== null && <span className="block text-small text-muted">{inZone(next_at, zone)}</span>}
        </p>
        {operator && (
          <Menu
            trigger={
              <Button
                look="quiet"
                square
                className="-mt-1 -mr-1"
                aria-label={`More of ${name}`}
                data-testid="more"
              >
                <EllipsisVertical size={16} />
              </Button>
            }
          >
            <MenuItem
              icon={<Zap size={14} />}
              onSelect={() => change(() => workApi.runSchedule(id, newId("exe")), `${name} was started.`)}
            >
              Run it now
            </MenuItem>
            <MenuItem
              icon={paused ? <Play size={14} /> : <Pause size={14} />}
              onSelect={() =>
                change(
                  () => workApi.changeSchedule(id, { paused: !paused }),
                  paused ? `${name} goes on.` : `${name} is paused.`,
                )
              }
            >
              {paused ? "Go on" : "Pause"}
            </MenuItem>
            <MenuItem icon={<Pencil size={14} />} onSelect={onEdit}>
              Edit
            </MenuItem>
            <MenuLine />
            <MenuItem icon={<Trash2 size={14} />} danger onSelect={onRemove}>
              Remove
            </MenuItem>
          </Menu>
        )}
      </div>
      <WorkLine work={work} />
      <div className="flex items-center gap-2 text-small text-muted">
        <span className="min-w-0 grow break-words">{policyWords(schedule)}</span>
      </div>
      <Unfold open={open} onChange={setOpen} testId="history">
        {last === null || told === null ? (
          <span className="text-muted">Not due yet</span>
        ) : (
          <span className="min-w-0 break-words">
            <span className={TONES[told.tone]}>{told.text}</span>{" "}
            <Since at={last.at} long className="text-muted" />
          </span>
        )}
      </Unfold>
      {open && <ExecutionList schedule={schedule} />}
    </article>
  );
}
