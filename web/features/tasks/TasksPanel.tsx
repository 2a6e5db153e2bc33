import { ListChecks, Plus } from "lucide-react";
import { useState } from "react";
import { useSearchParams } from "wouter";
import type { Task } from "../../../protocol/tasks.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { Empty } from "../../shared/ui/Empty.tsx";
import { attempt } from "../work/attempt.ts";
import { ListFrame } from "../work/ListFrame.tsx";
import { workApi } from "../work/workApi.ts";
import { TaskCard } from "./TaskCard.tsx";
import { TaskDialog } from "./TaskDialog.tsx";
import { useTasks } from "./useTasks.ts";

/** The team's tasks: those that are under way, those that are dead, and what became of the others. */
export default function TasksPanel({ operator }: { operator: boolean }) {
  const { groups, error, isPending, more, changed } = useTasks();
  const [adding, setAdding] = useState(false);
  const [search] = useSearchParams();
  const wanted = search.get("task");
  const { open, dead, over } = groups;
  const all = [...open, ...dead, ...over];
  const again = (tasks: Task[]): void =>
    void attempt(async () => {
      for (const { id } of tasks) await workApi.retryTask(id);
    }).then(changed);
  const cards = (tasks: Task[]) =>
    tasks.map((task) => (
      <li key={task.id}>
        <TaskCard task={task} operator={operator} opened={task.id === wanted} onChanged={changed} />
      </li>
    ));
  return (
    <>
      <ListFrame
        list={{
          items: isPending && all.length === 0 ? undefined : all,
          error,
          isPending: isPending && all.length === 0,
        }}
        label="Tasks"
        action={
          operator && (
            <Button look="primary" onClick={() => setAdding(true)} data-testid="new-task">
              <Plus size={16} /> New task
            </Button>
          )
        }
        empty={
          <Empty title="No tasks yet" icon={<ListChecks size={24} />}>
            <p>
              A task is work for an agent that runs without you. It waits its turn, asks for leave in the
              inbox, and says how it ended. A chat hands on tasks of its own.
            </p>
          </Empty>
        }
      >
        {cards(open)}
        {dead.length > 0 && (
          <li className="flex items-end justify-between gap-2 pt-3">
            <h2 className="text-small text-muted">Could not be started</h2>
            {operator && dead.length > 1 && (
              <Button look="quiet" onClick={() => again(dead)} data-testid="requeue-all">
                Requeue all {dead.length}
              </Button>
            )}
          </li>
        )}
        {cards(dead)}
        {over.length > 0 && (open.length > 0 || dead.length > 0) && (
          <li className="pt-3">
            <h2 className="text-small text-muted">Over</h2>
          </li>
        )}
        {cards(over)}
      </ListFrame>
      {more !== null && (
        <Button look="quiet" className="self-center" onClick={more}>
          Earlier ones
        </Button>
      )}
      {adding && (
        <TaskDialog
          onClose={() => setAdding(false)}
          onDone={() => {
            setAdding(false);
            changed();
          }}
        />
      )}
    </>
  );
}
