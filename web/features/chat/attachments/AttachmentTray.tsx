import { File as FileIcon, FileText, RotateCw, X } from "lucide-react";
import { useState } from "react";
import { useStore } from "../../../shared/lib/useStore.ts";
import { Button } from "../../../shared/ui/Button.tsx";
import { attachmentUrl } from "./attachmentUrl.ts";
import type { DraftFile, DraftFiles } from "./draftFiles.ts";
import { Lightbox } from "./lazyViewers.tsx";
import { sizeWords } from "../../../shared/lib/sizeWords.ts";
import { Thumbnail } from "./Thumbnail.tsx";

/** The files of the message that is being written: how far they are, and a way to take each out again. */
export function AttachmentTray({ session, draft }: { session: string; draft: DraftFiles }) {
  const files = useStore(draft.files);
  const [shown, setShown] = useState<string | null>(null);
  if (files.length === 0) return null;
  const images = files.flatMap((file) =>
    file.state === "there" && file.ref.type.startsWith("image/") ? [file.ref] : [],
  );
  return (
    <>
      <ul aria-label="Attached files" data-testid="tray" className="flex gap-2 overflow-x-auto px-2 pt-2">
        {files.map((file) => (
          <li
            key={file.key}
            data-testid="draft-file"
            data-state={file.state}
            className="relative flex w-44 shrink-0 items-center gap-2 overflow-hidden rounded-base border border-line bg-surface p-1"
          >
            <Picture file={file} session={session} onOpen={setShown} />
            <span className="min-w-0 grow">
              <span className="block truncate text-small" title={file.name}>
                {file.name}
              </span>
              <State file={file} onRetry={() => draft.retry(file.key)} />
            </span>
            <Button
              look="quiet"
              square
              className="size-6"
              aria-label={`Remove ${file.name}`}
              data-testid="remove-file"
              onClick={() => draft.remove(file.key)}
            >
              <X size={13} />
            </Button>
            {file.state === "uploading" && (
              <span
                role="progressbar"
                aria-label={`Uploading ${file.name}`}
                aria-valuenow={Math.round(file.progress * 100)}
                className="absolute inset-x-0 bottom-0 h-0.5 origin-left bg-working"
                style={{ scale: `${file.progress} 1` }}
              />
            )}
          </li>
        ))}
      </ul>
      {files.map(
        (file) =>
          file.state === "failed" && (
            <p key={file.key} role="alert" data-testid="file-problem" className="px-3 pt-1 text-trouble-text">
              {file.name}: {file.message}
            </p>
          ),
      )}
      {shown !== null && (
        <Lightbox session={session} images={images} first={shown} onClose={() => setShown(null)} />
      )}
    </>
  );
}

const PICTURE = "size-10 shrink-0 rounded-small";

function Picture({ file, session, onOpen }: { file: DraftFile; session: string; onOpen(id: string): void }) {
  if (file.state === "there" && file.ref.type.startsWith("image/")) {
    const { id } = file.ref;
    return (
      <Thumbnail
        src={file.preview ?? attachmentUrl(session, id)}
        name={file.name}
        className={PICTURE}
        onOpen={() => onOpen(id)}
      />
    );
  }
  if (file.preview !== null && file.state !== "there")
    return <img src={file.preview} alt="" className={`${PICTURE} object-cover opacity-60`} />;
  const Icon = file.state === "there" && file.ref.type === "text/plain" ? FileText : FileIcon;
  return (
    <span className={`${PICTURE} flex items-center justify-center bg-raised text-muted`}>
      <Icon size={16} aria-hidden />
    </span>
  );
}

function State({ file, onRetry }: { file: DraftFile; onRetry(): void }) {
  if (file.state === "failed")
    return (
      <button
        type="button"
        data-testid="retry-file"
        onClick={onRetry}
        className="thumb flex max-w-full items-center gap-1 text-small text-trouble-text"
      >
        <RotateCw size={11} aria-hidden className="shrink-0" />
        Try again
      </button>
    );
  return (
    <span className="block truncate text-small text-muted">
      {file.state === "there" ? sizeWords(file.ref.size) : `${Math.round(file.progress * 100)} %`}
    </span>
  );
}
