import { keySources } from "../../shared/keys/keyBindings.ts";
import { useStore } from "../../shared/lib/useStore.ts";
import { Dialog } from "../../shared/ui/Dialog.tsx";
import { Key } from "../../shared/ui/Key.tsx";

const MOD = /Mac|iPhone|iPad/.test(navigator.platform) ? "⌘" : "Ctrl";
const TERMINAL: { keys: string[]; label: string }[] = [
  { keys: ["Shift+Esc"], label: "Leave the terminal" },
  { keys: ["Ctrl+F"], label: "Find, but in full-screen programs" },
  { keys: ["Ctrl+Shift+F"], label: "Find, everywhere" },
  { keys: ["Ctrl+Shift+C"], label: "Copy the selection" },
  { keys: ["Ctrl+Shift+V"], label: "Paste" },
  { keys: ["Ctrl+Shift+K"], label: "Find anything" },
];
const NAMES: Record<string, string> = { Mod: MOD, Escape: "Esc", ArrowDown: "↓", ArrowUp: "↑" };

/** Every key that does something now. */
export function KeysDialog({ onClose }: { onClose(): void }) {
  const bindings = useStore(keySources).flatMap((source) => source());
  const groups = new Map<string, { keys: string[]; label: string }[]>();
  for (const binding of bindings) groups.set(binding.group, [...(groups.get(binding.group) ?? []), binding]);
  groups.set("In a terminal", TERMINAL);
  return (
    <Dialog open onClose={onClose} title="Keys" wide testId="keys-dialog">
      <div className="columns-2 gap-8 p-5 phone:columns-1">
        {[...groups].map(([group, list]) => (
          <section key={group} className="mb-5 break-inside-avoid">
            <h3 className="mb-1 text-small font-medium text-muted">{group}</h3>
            <dl>
              {list.map(({ keys, label }) => (
                <div key={label} className="flex min-h-7 items-center gap-2">
                  <dt className="grow">{label}</dt>
                  <dd className="flex gap-1">
                    {keys.map((key) => (
                      <Key key={key}>
                        {key
                          .split("+")
                          .map((part) => NAMES[part] ?? part)
                          .join(" ")}
                      </Key>
                    ))}
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
