import { useModels } from "../../shared/api/models.ts";
import { Skeleton } from "../../shared/ui/Skeleton.tsx";

/** The models there are, for who may not change them. */
export function ModelList() {
  const models = useModels();
  if (models === null) return <Skeleton className="h-24" />;
  return (
    <>
      <ul
        className="divide-y divide-line rounded-base border border-line bg-surface"
        data-testid="model-list"
      >
        {models.map((model) => (
          <li key={model.id} className="flex min-h-10 flex-wrap items-center gap-x-3 px-4 py-1.5">
            <span className="min-w-0 break-words">{model.name}</span>
            <code className="min-w-0 font-mono text-[12px] break-all text-muted">{model.id}</code>
            {model.default && <span className="ml-auto text-small text-muted">new chats begin with it</span>}
          </li>
        ))}
      </ul>
      <p className="text-muted">An administrator sets them up.</p>
    </>
  );
}
