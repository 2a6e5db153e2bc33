import { Component, type ReactNode } from "react";
import { Button } from "../../shared/ui/Button.tsx";

type Props = { children: ReactNode; /** What could not be drawn, as it came. */ raw: () => string };

/** Keeps a message that cannot be drawn from taking the others along; it is shown as it came. */
export class MessageBoundary extends Component<Props, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  override render(): ReactNode {
    if (!this.state.failed) return this.props.children;
    return (
      <div role="alert" className="rounded-base border border-line bg-surface p-3">
        <p className="mb-2 text-trouble-text">This message could not be drawn. It is shown as it came.</p>
        <pre className="max-h-60 overflow-auto font-mono text-[12px] break-words whitespace-pre-wrap">
          {this.props.raw()}
        </pre>
        <Button className="mt-2" onClick={() => this.setState({ failed: false })}>
          Try again
        </Button>
      </div>
    );
  }
}
