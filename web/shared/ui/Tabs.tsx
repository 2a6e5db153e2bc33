import { Tabs as Radix } from "radix-ui";
import type { ReactNode } from "react";

type Tab = { id: string; label: string; icon?: ReactNode; count?: number };

/** Tabs on a desk, a segmented control on a phone. The panels are the children. */
export function Tabs({
  tabs,
  current,
  onChange,
  aside,
  children,
}: {
  tabs: Tab[];
  current: string;
  onChange(id: string): void;
  /** What stands at the other end of the row. */
  aside?: ReactNode;
  children: ReactNode;
}) {
  return (
    <Radix.Root
      value={current}
      onValueChange={onChange}
      activationMode="manual"
      className="flex min-h-0 grow flex-col"
    >
      <div className="@container flex h-9 shrink-0 items-center gap-2 border-b border-line pr-2 pl-3 phone:h-12 phone:pl-2">
        <Radix.List
          aria-label="Views"
          className="flex h-full min-w-0 items-stretch gap-1 overflow-x-auto overflow-y-hidden [scrollbar-width:none] phone:h-10 phone:grow phone:gap-0 phone:rounded-base phone:bg-raised phone:p-0.5"
        >
          {tabs.map((tab) => (
            <Radix.Trigger
              key={tab.id}
              value={tab.id}
              data-testid={`tab-${tab.id}`}
              className="group relative flex min-w-fit items-center justify-center gap-1.5 px-2 text-muted hover:text-text data-[state=active]:text-text phone:grow phone:basis-0 phone:rounded-small phone:data-[state=active]:bg-surface"
            >
              <span className="phone:hidden">{tab.icon}</span>
              {tab.label}
              {tab.count !== undefined && tab.count > 0 && (
                <span className="text-small text-muted">{tab.count}</span>
              )}
              <span
                aria-hidden
                className="absolute inset-x-1 bottom-0 h-0.5 bg-text opacity-0 group-data-[state=active]:opacity-100 phone:hidden"
              />
            </Radix.Trigger>
          ))}
        </Radix.List>
        <div className="ml-auto flex shrink-0 items-center gap-1">{aside}</div>
      </div>
      {children}
    </Radix.Root>
  );
}

/** What a tab shows. `keep`: it goes on while another tab is in view. */
export function TabPanel({
  id,
  keep = false,
  children,
}: {
  id: string;
  keep?: boolean;
  children: ReactNode;
}) {
  return (
    <Radix.Content
      value={id}
      {...(keep ? { forceMount: true } : {})}
      className="flex min-h-0 grow flex-col outline-none data-[state=inactive]:hidden"
      tabIndex={-1}
    >
      {children}
    </Radix.Content>
  );
}
