import { Link } from "wouter";
import { Empty } from "../../shared/ui/Empty.tsx";

export function NotFoundPage() {
  return (
    <Empty title="There is no such page">
      <Link href="/" className="text-working-text underline underline-offset-2">
        All sessions
      </Link>
    </Empty>
  );
}
