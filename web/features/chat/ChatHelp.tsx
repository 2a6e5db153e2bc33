import { Dialog } from "../../shared/ui/Dialog.tsx";
import { Key } from "../../shared/ui/Key.tsx";

const COMMANDS: [string, string][] = [
  ["/model name", "choose the model"],
  ["/host name /directory", "choose where its tools work"],
  ["/compact", "have the model shorten what it has of the conversation"],
  ["/stop", "stop what runs"],
  ["/help", "this"],
];

/** What can be typed into a chat. */
export function ChatHelp({ offline, onClose }: { offline: boolean; onClose(): void }) {
  return (
    <Dialog open onClose={onClose} title="In a chat" testId="chat-help">
      <div className="flex flex-col gap-4 p-5">
        <dl className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-1.5">
          {COMMANDS.map(([command, words]) => (
            <div key={command} className="contents">
              <dt>
                <code className="font-mono text-[12px]">{command}</code>
              </dt>
              <dd className="text-muted">{words}</dd>
            </div>
          ))}
          <dt>
            <Key>Enter</Key>
          </dt>
          <dd className="text-muted">send; while a turn runs, the message waits its turn</dd>
          <dt className="flex gap-1">
            <Key>Ctrl</Key>
            <Key>Enter</Key>
          </dt>
          <dd className="text-muted">send now: it goes in before the model's next step</dd>
          <dt className="flex gap-1">
            <Key>Shift</Key>
            <Key>Enter</Key>
          </dt>
          <dd className="text-muted">a new line</dd>
        </dl>
        {offline && (
          <p className="text-muted">
            The offline model says what it understands when you send it{" "}
            <code className="font-mono text-[12px]">help</code>.
          </p>
        )}
      </div>
    </Dialog>
  );
}
