import { CopyLine } from "../../shared/ui/CopyLine.tsx";

/** How to give a chat a real model. */
export function GiveModel() {
  return (
    <div className="flex w-full flex-col gap-2 text-left text-muted">
      <p>
        For a real one, set its key where Signalbox starts, and start it again:{" "}
        <Env name="ANTHROPIC_API_KEY" />, <Env name="OPENAI_API_KEY" />, <Env name="DEEPSEEK_API_KEY" />, or{" "}
        <Env name="OPENAI_COMPATIBLE_BASE_URL" /> with <Env name="OPENAI_COMPATIBLE_MODELS" /> for any server
        of that kind, on this machine too.
      </p>
      <CopyLine line="ANTHROPIC_API_KEY=… npm start" what="the line" />
    </div>
  );
}

function Env({ name }: { name: string }) {
  return <code className="font-mono text-[12px] break-all text-text">{name}</code>;
}
