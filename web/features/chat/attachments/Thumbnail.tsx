import { ImageOff } from "lucide-react";
import { useState, type CSSProperties } from "react";
import { classes } from "../../../shared/lib/classes.ts";
import { Skeleton } from "../../../shared/ui/Skeleton.tsx";

type ThumbnailProps = {
  src: string;
  name: string;
  onOpen(): void;
  className?: string;
  style?: CSSProperties;
};

/** A small picture in a place of its own size: still coming, there, or broken, which a click tries again. */
export function Thumbnail({ src, name, onOpen, className, style }: ThumbnailProps) {
  const [state, setState] = useState<"coming" | "there" | "broken">("coming");
  const [attempt, setAttempt] = useState(0);
  const broken = state === "broken";
  return (
    <button
      type="button"
      data-testid="thumbnail"
      data-state={state}
      aria-label={broken ? `${name} could not be shown. Try again` : `Show ${name}`}
      title={name}
      style={style}
      className={classes("relative overflow-hidden border border-line bg-raised", className)}
      onClick={() => {
        if (!broken) return onOpen();
        setState("coming");
        setAttempt(attempt + 1);
      }}
    >
      {state === "coming" && <Skeleton className="absolute inset-0" />}
      {broken ? (
        <span className="absolute inset-0 flex flex-col items-center justify-center gap-1 text-small text-muted">
          <ImageOff size={16} aria-hidden />
        </span>
      ) : (
        <img
          src={attempt === 0 || !src.startsWith("/") ? src : `${src}?attempt=${attempt}`}
          alt={name}
          draggable={false}
          onLoad={() => setState("there")}
          onError={() => setState("broken")}
          className="size-full object-cover"
        />
      )}
    </button>
  );
}
