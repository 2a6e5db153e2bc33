import { ChevronLeft, ChevronRight, Download, X } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import { useRef, useState } from "react";
import type { AttachmentRef } from "../../../../protocol/events.ts";
import { Button } from "../../../shared/ui/Button.tsx";
import { attachmentUrl } from "./attachmentUrl.ts";

/** A swipe is at least so long. */
const SWIPE_PX = 48;

type LightboxProps = {
  session: string;
  images: readonly AttachmentRef[];
  /** Id of the one that is shown first. */
  first: string;
  onClose(): void;
};

/** Pictures over the whole page: arrows or a swipe sideways go on, Escape or a swipe down closes. */
export default function Lightbox({ session, images, first, onClose }: LightboxProps) {
  const [at, setAt] = useState(() =>
    Math.max(
      0,
      images.findIndex(({ id }) => id === first),
    ),
  );
  const began = useRef<{ x: number; y: number } | null>(null);
  const image = images[at];
  if (image === undefined) return null;
  const go = (by: number): void => setAt((at + by + images.length) % images.length);
  const several = images.length > 1;

  function swiped(x: number, y: number): void {
    const from = began.current;
    began.current = null;
    if (from === null) return;
    const [dx, dy] = [x - from.x, y - from.y];
    if (several && Math.abs(dx) > SWIPE_PX && Math.abs(dx) > Math.abs(dy)) go(dx < 0 ? 1 : -1);
    else if (dy > SWIPE_PX && dy > Math.abs(dx)) onClose();
  }

  return (
    <Radix.Root open onOpenChange={(open) => !open && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-50 animate-appear bg-bg" />
        <Radix.Content
          data-testid="lightbox"
          aria-describedby={undefined}
          className="fixed inset-0 z-50 flex touch-none flex-col outline-none select-none"
          onKeyDown={(event) => {
            if (event.key !== "Escape") event.stopPropagation();
            if (several && event.key === "ArrowRight") go(1);
            if (several && event.key === "ArrowLeft") go(-1);
          }}
          onPointerDown={({ clientX: x, clientY: y }) => {
            began.current = { x, y };
          }}
          onPointerUp={({ clientX, clientY }) => swiped(clientX, clientY)}
        >
          <header className="flex shrink-0 items-center gap-2 px-3 pt-[max(8px,env(safe-area-inset-top))] pb-2">
            <Radix.Title className="min-w-0 grow truncate font-medium" data-testid="lightbox-name">
              {image.name}
            </Radix.Title>
            {several && (
              <span className="shrink-0 text-muted">
                {at + 1} of {images.length}
              </span>
            )}
            <a
              href={attachmentUrl(session, image.id, true)}
              download={image.name}
              aria-label="Download"
              title="Download"
              className="thumb flex size-8 items-center justify-center rounded-base text-muted hover:bg-hover hover:text-text"
            >
              <Download size={16} />
            </a>
            <Radix.Close asChild>
              <Button look="quiet" square aria-label="Close">
                <X size={16} />
              </Button>
            </Radix.Close>
          </header>
          <div className="flex min-h-0 grow items-center justify-center gap-2 px-2 pb-4">
            {several && (
              <Button look="quiet" square aria-label="The one before" onClick={() => go(-1)}>
                <ChevronLeft size={18} />
              </Button>
            )}
            <div
              className="flex h-full min-w-0 grow items-center justify-center"
              // Beside the picture is out of it.
              onClick={(event) => event.target === event.currentTarget && onClose()}
            >
              <img
                key={image.id}
                src={attachmentUrl(session, image.id)}
                alt={image.name}
                width={image.width}
                height={image.height}
                draggable={false}
                className="h-auto max-h-full w-auto max-w-full object-contain"
              />
            </div>
            {several && (
              <Button look="quiet" square aria-label="The next one" onClick={() => go(1)}>
                <ChevronRight size={18} />
              </Button>
            )}
          </div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
