import { Skeleton } from "../../shared/ui/Skeleton.tsx";

/** The list while it is coming. */
export function ListSkeleton() {
  return (
    <div aria-busy="true" aria-label="Loading sessions" className="flex flex-col border-t border-line">
      {[40, 28, 34, 22, 46, 30].map((width) => (
        <div
          key={width}
          className="flex h-[54px] flex-col justify-center gap-1.5 border-b border-line pr-4 pl-10 phone:h-20"
        >
          <div style={{ width: `${width}%` }}>
            <Skeleton className="h-3.5" />
          </div>
          <div style={{ width: `${width + 25}%` }}>
            <Skeleton className="h-3" />
          </div>
        </div>
      ))}
    </div>
  );
}
