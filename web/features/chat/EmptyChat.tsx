import { MessagesSquare } from "lucide-react";
import type { Session } from "../../../protocol/session.ts";
import { Empty } from "../../shared/ui/Empty.tsx";
import { GiveModel } from "./GiveModel.tsx";
import { isOffline, modelName, useModels } from "../../shared/api/models.ts";

const OFFLINE_EXAMPLES = ["run git status", "list", "read README.md", "ask Which one? [this|that]", "help"];
const EXAMPLES = [
  "What changed here since yesterday?",
  "Run the tests and say what fails",
  "What is in this directory?",
];

/** A chat before the first word: whom it talks to, what to say, and how to give it a real model. */
export function EmptyChat({
  session,
  hostName,
  onExample,
  onPlace,
}: {
  session: Session;
  hostName: string | null;
  onExample(text: string): void;
  onPlace(): void;
}) {
  const models = useModels();
  const offline = isOffline(session.model);
  const others = models?.some((model) => !isOffline(model.id)) === true;
  return (
    <div className="min-h-0 grow overflow-y-auto" data-testid="empty-chat">
      <Empty
        title={
          offline
            ? "This chat talks to the offline model"
            : `This chat talks to ${modelName(models, session.model ?? "")}`
        }
        icon={<MessagesSquare size={24} />}
      >
        {offline ? (
          <p>
            It is built in and needs no key. It is no language model: it understands a few commands, enough to
            try everything here. What it may not do by itself waits for your permission.
          </p>
        ) : (
          <p>It can work on your hosts with tools. What it may not do by itself waits for your permission.</p>
        )}
        <div className="flex flex-wrap justify-center gap-2">
          {(offline ? OFFLINE_EXAMPLES : EXAMPLES).map((example) => (
            <button
              key={example}
              type="button"
              data-testid="example"
              onClick={() => onExample(example)}
              className="thumb min-h-8 rounded-base border border-line bg-surface px-3 font-mono text-[12px] text-text hover:bg-hover touch:min-h-11"
            >
              {example}
            </button>
          ))}
        </div>
        <p>
          {hostName === null || session.cwd === null ? (
            <>
              It works on no host yet.{" "}
              <button
                type="button"
                onClick={onPlace}
                className="text-working-text underline underline-offset-2"
              >
                Choose a host and directory
              </button>{" "}
              for its tools.
            </>
          ) : (
            <>
              Its tools work on <b className="font-medium text-text">{hostName}</b> in{" "}
              <code className="font-mono text-[12px] break-all text-text">{session.cwd}</code>.
            </>
          )}
        </p>
        {offline && models !== null && !others && <GiveModel />}
        {offline && others && <p>Other models are set up: choose one below.</p>}
      </Empty>
    </div>
  );
}
