import {
  CalendarClock,
  HelpCircle,
  Inbox,
  Monitor,
  Moon,
  Plus,
  Rows3,
  Search,
  Server,
  Settings,
  Sun,
} from "lucide-react";
import type { ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { isEnded } from "../../../protocol/session.ts";
import { classes } from "../../shared/lib/classes.ts";
import { rememberedNumber } from "../../shared/lib/remembered.ts";
import { useStore } from "../../shared/lib/useStore.ts";
import { useNeeds, useHub, useWorkCount } from "../../shared/live/useHub.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { openDialog } from "../../shared/ui/dialogs.ts";
import { Key } from "../../shared/ui/Key.tsx";
import { Logo } from "../../shared/ui/Logo.tsx";
import { ResizeEdge } from "../../shared/ui/ResizeEdge.tsx";
import { theme, type Theme } from "../../shared/ui/theme.ts";
import { ConnectionChip } from "./ConnectionChip.tsx";
import { RailSessions } from "./RailSessions.tsx";

const width = rememberedNumber("rail", 256, 200, 420);
const MOD = /Mac|iPhone|iPad/.test(navigator.platform) ? "⌘" : "Ctrl ";

/** The left edge of a desk: where one can go, and every open session with its signal. */
export function Rail() {
  const px = useStore(width);
  const { sessions, hosts } = useHub();
  const attention = useNeeds().count;
  const open = [...sessions.values()].filter((session) => !isEnded(session)).length;
  const away = [...hosts.values()].filter((host) => host.presence !== "online").length;
  return (
    <nav
      aria-label="Main"
      style={{ width: px }}
      className="relative flex shrink-0 flex-col border-r border-line bg-surface"
    >
      <div className="flex h-14 shrink-0 items-center gap-2.5 px-4">
        <Logo />
        <span className="text-lead font-semibold tracking-tight">Signalbox</span>
      </div>
      <div className="flex flex-col gap-0.5 px-2 pb-2">
        <button
          type="button"
          onClick={() => openDialog.set({ name: "palette" })}
          className="mb-1 flex h-8 items-center gap-2.5 rounded-base border border-line bg-bg px-2 text-muted hover:border-edge"
        >
          <Search size={14} aria-hidden />
          <span className="grow text-left">Find</span>
          <Key>{MOD}K</Key>
        </button>
        <RailLink href="/" icon={<Rows3 size={16} />} label="Sessions" count={open} />
        <RailLink
          href="/inbox"
          icon={<Inbox size={16} />}
          label="Needs you"
          count={attention}
          alert={attention > 0}
        />
        <RailLink
          href="/hosts"
          icon={<Server size={16} />}
          label="Hosts"
          count={hosts.size}
          {...(away > 0 ? { note: `${away} away` } : {})}
        />
        <RailLink href="/work" icon={<CalendarClock size={16} />} label="Work" count={useWorkCount()} />
        <button
          type="button"
          onClick={() => openDialog.set({ name: "new" })}
          className="flex h-8 items-center gap-2.5 rounded-base px-2 text-muted hover:bg-hover hover:text-text"
        >
          <Plus size={16} aria-hidden />
          <span className="grow text-left">New session</span>
          <Key>n</Key>
        </button>
      </div>
      <RailSessions />
      <div className="flex h-10 shrink-0 items-center gap-1 border-t border-line pr-1.5 pl-4">
        <ConnectionChip />
        <span className="grow" />
        <Link
          href="/settings"
          aria-label="Settings"
          title="Settings (4)"
          data-testid="settings-link"
          className="thumb inline-flex size-8 items-center justify-center rounded-base text-muted hover:bg-hover hover:text-text"
        >
          <Settings size={16} />
        </Link>
        <ThemeButton />
        <Button
          look="quiet"
          square
          aria-label="Keys"
          title="Keys (?)"
          onClick={() => openDialog.set({ name: "keys" })}
        >
          <HelpCircle size={16} />
        </Button>
      </div>
      <ResizeEdge side="right" width={width} label="Width of the rail" min={200} max={420} />
    </nav>
  );
}

function RailLink(props: {
  href: string;
  icon: ReactNode;
  label: string;
  count: number;
  alert?: boolean;
  note?: string;
}) {
  const [path] = useLocation();
  const current = path === props.href || path.startsWith(`${props.href}/`);
  return (
    <Link
      href={props.href}
      aria-current={current ? "page" : undefined}
      className={classes(
        "flex h-8 items-center gap-2.5 rounded-base px-2",
        current ? "bg-selected text-text" : "text-muted hover:bg-hover hover:text-text",
      )}
    >
      {props.icon}
      <span className="grow">{props.label}</span>
      {props.note !== undefined && <span className="text-small">{props.note}</span>}
      {props.alert === true ? (
        <span className="min-w-5 rounded-full bg-waiting-text px-1.5 text-center text-small font-semibold text-bg">
          {props.count}
        </span>
      ) : (
        <span className="text-muted">{props.count > 0 ? props.count : ""}</span>
      )}
    </Link>
  );
}

const NEXT: Record<Theme, Theme> = { system: "dark", dark: "light", light: "system" };
const THEME_WORDS: Record<Theme, string> = { system: "as the system", dark: "dark", light: "light" };

function ThemeButton() {
  const chosen = useStore(theme);
  const label = `Theme: ${THEME_WORDS[chosen]}. Change to ${THEME_WORDS[NEXT[chosen]]}.`;
  return (
    <Button
      look="quiet"
      square
      aria-label={label}
      title={label}
      onClick={() => theme.set(NEXT[chosen])}
      data-testid="theme"
    >
      {chosen === "system" ? (
        <Monitor size={16} />
      ) : chosen === "dark" ? (
        <Moon size={16} />
      ) : (
        <Sun size={16} />
      )}
    </Button>
  );
}
