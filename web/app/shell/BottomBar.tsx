import { CalendarClock, Inbox, Plus, Rows3, Server } from "lucide-react";
import type { ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { classes } from "../../shared/lib/classes.ts";
import { useNeeds, useWorkCount } from "../../shared/live/useHub.ts";
import { openDialog } from "../../shared/ui/dialogs.ts";

const ITEM = "relative flex h-14 grow basis-0 flex-col items-center justify-center gap-0.5 text-small";

/** What the thumb reaches on a phone. */
export function BottomBar() {
  const attention = useNeeds().count;
  return (
    <nav
      aria-label="Main"
      className="flex shrink-0 border-t border-line bg-surface pb-[env(safe-area-inset-bottom)] in-data-keyboard:hidden"
      data-testid="bottom-bar"
    >
      <BarLink href="/" label="Sessions" icon={<Rows3 size={20} />} />
      <BarLink href="/inbox" label="Needs you" icon={<Inbox size={20} />} count={attention} />
      <button
        type="button"
        className={classes(ITEM, "text-muted")}
        onClick={() => openDialog.set({ name: "new" })}
        data-testid="bar-new"
      >
        <Plus size={20} />
        New
      </button>
      <BarLink href="/work" label="Work" icon={<CalendarClock size={20} />} count={useWorkCount()} quiet />
      <BarLink href="/hosts" label="Hosts" icon={<Server size={20} />} />
    </nav>
  );
}

function BarLink({
  href,
  label,
  icon,
  count = 0,
  quiet = false,
}: {
  href: string;
  label: string;
  icon: ReactNode;
  count?: number;
  /** It asks for nothing. */
  quiet?: boolean;
}) {
  const [path] = useLocation();
  const current = path === href || path.startsWith(`${href}/`);
  return (
    <Link
      href={href}
      aria-current={current ? "page" : undefined}
      className={classes(ITEM, current ? "text-text" : "text-muted")}
    >
      {icon}
      {label}
      {count > 0 && (
        <span
          className={classes(
            "absolute top-1.5 left-1/2 ml-2 min-w-4 rounded-full px-1 text-center text-[11px] leading-4 font-semibold",
            quiet ? "bg-raised text-text" : "bg-waiting-text text-bg",
          )}
        >
          {count}
        </span>
      )}
    </Link>
  );
}
