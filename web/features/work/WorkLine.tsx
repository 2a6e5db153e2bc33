import { Link } from "wouter";
import type { Work } from "../../../protocol/work.ts";
import { useHub } from "../../shared/live/useHub.ts";

/** What is started, as one line. */
export function WorkLine({ work }: { work: Work }) {
  const { sessions } = useHub();
  return (
    <p className="line-clamp-2 break-words">
      {work.kind === "message" && (
        <>
          <span className="text-muted">Says to </span>
          <Link href={`/sessions/${work.session}`} className="hover:underline">
            {sessions.get(work.session)?.title ?? "a session that is gone"}
          </Link>
          <span className="text-muted">: </span>
          {work.text}
        </>
      )}
      {work.kind === "task" && (
        <>
          <span className="text-muted">
            Gives {work.spec.provider === "edge" ? "a chat" : work.spec.provider} a task:{" "}
          </span>
          {work.spec.prompt}
        </>
      )}
      {work.kind === "workflow" && (
        <>
          <span className="text-muted">Runs the workflow </span>
          {work.workflow}
        </>
      )}
    </p>
  );
}
