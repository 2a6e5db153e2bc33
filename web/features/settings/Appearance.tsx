import { Monitor, Moon, Sun } from "lucide-react";
import type { ReactNode } from "react";
import { classes } from "../../shared/lib/classes.ts";
import { useStore } from "../../shared/lib/useStore.ts";
import { theme, type Theme } from "../../shared/ui/theme.ts";

const THEMES: { id: Theme; label: string; icon: ReactNode }[] = [
  { id: "system", label: "As the system", icon: <Monitor size={16} /> },
  { id: "light", label: "Light", icon: <Sun size={16} /> },
  { id: "dark", label: "Dark", icon: <Moon size={16} /> },
];

/** Light or dark. */
export function Appearance() {
  const chosen = useStore(theme);
  return (
    <fieldset className="flex flex-wrap gap-1.5">
      <legend className="sr-only">Theme</legend>
      {THEMES.map(({ id, label, icon }) => (
        <label
          key={id}
          className={classes(
            "flex min-h-9 items-center gap-2 rounded-base border px-3 has-focus-visible:outline-2 has-focus-visible:outline-focus touch:min-h-11",
            chosen === id ? "border-edge bg-selected" : "border-line text-muted hover:bg-hover",
          )}
        >
          <input
            type="radio"
            name="theme"
            className="sr-only"
            checked={chosen === id}
            onChange={() => theme.set(id)}
            data-testid={`theme-${id}`}
          />
          <span aria-hidden>{icon}</span>
          {label}
        </label>
      ))}
    </fieldset>
  );
}
