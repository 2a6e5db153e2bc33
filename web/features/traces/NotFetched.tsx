import { failureSentence } from "../../shared/api/ApiFailure.ts";
import { Button } from "../../shared/ui/Button.tsx";

/** Why spans are not here, and another try. */
export function NotFetched({ problem, retry }: { problem: unknown; retry(): void }) {
  return (
    <div role="alert" className="flex items-center gap-3 px-4 py-2 text-trouble-text">
      <span className="min-w-0 grow">{failureSentence(problem)}</span>
      <Button onClick={retry}>Try again</Button>
    </div>
  );
}
