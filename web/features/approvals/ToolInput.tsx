import { useMemo, type ReactNode } from "react";
import * as z from "zod";
import { ScreenPrompt } from "../../../protocol/requests.ts";
import { CodeBlock } from "../../shared/code/CodeBlock.tsx";
import { DiffText } from "../../shared/code/DiffText.tsx";
import { languageOf } from "../../shared/code/highlight.ts";
import { quoteArgv } from "../../shared/lib/quoteArgv.ts";
import { showHidden } from "../../shared/lib/showHidden.ts";
import { CopyButton } from "../../shared/ui/CopyButton.tsx";
import { parseInput } from "./inputFields.ts";

const Run = z.object({ argv: z.array(z.string()) });
/** Of our tools, and of Claude Code's. */
const Edit = z.union([
  z.object({ path: z.string(), old_text: z.string(), new_text: z.string() }),
  z
    .object({ file_path: z.string(), old_string: z.string(), new_string: z.string() })
    .transform((edit) => ({ path: edit.file_path, old_text: edit.old_string, new_text: edit.new_string })),
]);
const Write = z.union([
  z.object({ path: z.string(), text: z.string() }),
  z
    .object({ file_path: z.string(), content: z.string() })
    .transform((write) => ({ path: write.file_path, text: write.content })),
]);
const ShellCommand = z.object({ command: z.string() });
const NONE: Record<string, unknown> = {};

/** The exact input of a call, in the form that is easiest to judge: words of a command, a difference, or fields. Nothing in it can hide. */
export function ToolInput({ tool, json }: { tool: string; json: string }) {
  const input = useMemo(() => parseInput(json), [json]);
  if (input === null) return <CodeBlock code={showHidden(json)} language="json" what="the input" />;
  const run = tool === "run_command" ? Run.safeParse(input) : null;
  if (run?.success === true) {
    const { argv: _argv, ...rest } = input;
    return (
      <div className="flex flex-col gap-1.5">
        <CommandLine line={quoteArgv(run.data.argv)} />
        <Fields input={rest} />
      </div>
    );
  }
  const shell = tool === "Bash" ? ShellCommand.safeParse(input) : null;
  if (shell?.success === true) {
    const { command: _command, ...rest } = input;
    return (
      <div className="flex flex-col gap-1.5">
        <CommandLine line={shell.data.command} />
        <Fields input={rest} />
      </div>
    );
  }
  const edit = tool === "edit_file" || tool === "Edit" ? Edit.safeParse(input) : null;
  if (edit?.success === true) {
    const { path, old_text, new_text } = edit.data;
    return (
      <div className="flex flex-col gap-1.5">
        <Fields input={{ path }} />
        <Framed>
          <DiffText before={showHidden(old_text)} after={showHidden(new_text)} label="What would change" />
        </Framed>
      </div>
    );
  }
  const write = tool === "write_file" || tool === "Write" ? Write.safeParse(input) : null;
  if (write?.success === true) {
    const { path, text } = write.data;
    return (
      <div className="flex flex-col gap-1.5">
        <Fields input={{ path }} />
        <CodeBlock code={showHidden(text)} language={languageOf(path)} what="the text" />
      </div>
    );
  }
  const prompt = tool === "prompt" ? ScreenPrompt.safeParse(input) : null;
  if (prompt?.success === true) return <Screen prompt={prompt.data} />;
  return <Fields input={input} />;
}

/** What a terminal shows, and what would be typed into it. */
function Screen({ prompt: { screen, keys } }: { prompt: ScreenPrompt }) {
  return (
    <div className="flex flex-col gap-1.5" data-testid="screen-prompt">
      <CodeBlock code={showHidden(screen)} language="" what="the screen" />
      <p className="text-muted">
        Allow types <Key>{keys.allow}</Key>, Deny types <Key>{keys.deny}</Key>; Enter follows where the prompt
        waits for it.
      </p>
    </div>
  );
}

function Key({ children }: { children: string }) {
  return (
    <kbd className="rounded-small border border-line bg-raised px-1 font-mono text-[12px] text-text">
      {showHidden(children)}
    </kbd>
  );
}

/** A command: an argument vector as one line that says where each word ends, or a line for a shell as it is. */
function CommandLine({ line }: { line: string }) {
  return (
    <div className="flex items-start gap-2 rounded-base border border-line bg-term py-1 pr-1 pl-3">
      <span aria-hidden className="font-mono text-[12px] leading-6 text-muted select-none">
        $
      </span>
      <code
        data-testid="argv-line"
        className="max-h-60 min-w-0 grow overflow-auto font-mono text-[12px] leading-6 break-words whitespace-pre-wrap text-term-text"
      >
        {showHidden(line)}
      </code>
      <CopyButton text={line} what="the command" />
    </div>
  );
}

function Fields({ input = NONE }: { input?: Record<string, unknown> }) {
  const fields = Object.entries(input);
  if (fields.length === 0) return null;
  return (
    <dl className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-3 gap-y-0.5">
      {fields.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-muted">{fieldName(name)}</dt>
          <dd className="max-h-60 overflow-auto font-mono text-[12px] leading-5 break-words whitespace-pre-wrap">
            {showHidden(typeof value === "string" ? value : JSON.stringify(value))}
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** A field's name for people: `timeout_ms` is “timeout ms”. */
export function fieldName(name: string): string {
  return name.replaceAll("_", " ");
}

function Framed({ children }: { children: ReactNode }) {
  return <div className="overflow-hidden rounded-base border border-line">{children}</div>;
}
