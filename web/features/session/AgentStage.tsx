import type { ReactNode } from "react";
import { classes } from "../../shared/lib/classes.ts";
import { remembered, rememberedNumber } from "../../shared/lib/remembered.ts";
import { useStore } from "../../shared/lib/useStore.ts";
import { ResizeEdge } from "../../shared/ui/ResizeEdge.tsx";

/** The views of an agent in a pane that share a stage, so that its terminal goes on while they change. */
export const STAGE_VIEWS = ["both", "terminal", "conversation"] as const;
export type StageView = (typeof STAGE_VIEWS)[number];

/** The view that this browser last chose for agents. */
export const stageView = remembered(
  "stage",
  (text): StageView => STAGE_VIEWS.find((view) => view === text) ?? "both",
  (view) => view,
);

const WIDTH = { min: 300, max: 1100 };
const conversationWidth = rememberedNumber("conversationWidth", 470, WIDTH.min, WIDTH.max);

/** An agent's conversation and its terminal: side by side, or one of them. The terminal stays where it is in the page. */
export function AgentStage({
  view,
  conversation,
  terminal,
}: {
  view: StageView;
  conversation: ReactNode;
  terminal: ReactNode;
}) {
  const width = useStore(conversationWidth);
  const both = view === "both";
  return (
    <div className="flex min-h-0 grow" data-testid="stage" data-view={view}>
      {view !== "terminal" && conversation !== null && (
        <section
          aria-label="Conversation"
          className={classes(
            "relative flex min-h-0 min-w-0 flex-col",
            both ? "max-w-[65%] shrink-0 border-r border-line" : "grow",
          )}
          style={both ? { width } : undefined}
        >
          {conversation}
          {both && (
            <ResizeEdge side="right" width={conversationWidth} label="Width of the conversation" {...WIDTH} />
          )}
        </section>
      )}
      <section
        aria-label="Terminal"
        className={classes("min-h-0 min-w-0 grow flex-col", view === "conversation" ? "hidden" : "flex")}
      >
        {terminal}
      </section>
    </div>
  );
}
