import { Component, type ReactNode } from "react";
import { failureSentence } from "../../shared/api/ApiFailure.ts";
import { Button } from "../../shared/ui/Button.tsx";
import { Empty } from "../../shared/ui/Empty.tsx";

/** Keeps a fault of one page from taking the others along. */
export class PageBoundary extends Component<{ children: ReactNode }, { fault: unknown }> {
  override state: { fault: unknown } = { fault: null };

  static getDerivedStateFromError(fault: unknown): { fault: unknown } {
    return { fault };
  }

  override render(): ReactNode {
    if (this.state.fault === null) return this.props.children;
    return (
      <Empty title="This page failed">
        <p role="alert">
          {failureSentence(this.state.fault)} Your sessions are not touched by it. After an update of
          Signalbox, loading the page again helps.
        </p>
        <Button onClick={() => location.reload()}>Load it again</Button>
      </Empty>
    );
  }
}
