import { Download, File as FileIcon, FileText } from "lucide-react";
import { useState } from "react";
import type { AttachmentRef } from "../../../../protocol/events.ts";
import { attachmentUrl } from "./attachmentUrl.ts";
import { Lightbox, TextPreview } from "./lazyViewers.tsx";
import { sizeWords } from "../../../shared/lib/sizeWords.ts";
import { Thumbnail } from "./Thumbnail.tsx";
import { thumbSize } from "./thumbSize.ts";

const CHIP =
  "thumb flex min-h-8 max-w-full items-center gap-2 rounded-base border border-line bg-surface px-2.5 text-left hover:bg-hover touch:min-h-11";

/** The files of a message: pictures small, in a place of their final size; others as chips. */
export function AttachmentList({
  session,
  attachments,
}: {
  session: string;
  attachments: readonly AttachmentRef[];
}) {
  const [shown, setShown] = useState<string | null>(null);
  const [read, setRead] = useState<AttachmentRef | null>(null);
  const images = attachments.filter(({ type }) => type.startsWith("image/"));
  const files = attachments.filter((each) => !images.includes(each));
  return (
    <>
      {images.length > 0 && (
        <div className="flex max-w-full flex-wrap justify-end gap-2">
          {images.map((image) => (
            <Thumbnail
              key={image.id}
              src={attachmentUrl(session, image.id)}
              name={image.name}
              onOpen={() => setShown(image.id)}
              style={thumbSize(image)}
              className="max-w-full rounded-base"
            />
          ))}
        </div>
      )}
      {files.map((file) => (
        <Chip key={file.id} file={file} session={session} onRead={() => setRead(file)} />
      ))}
      {shown !== null && (
        <Lightbox session={session} images={images} first={shown} onClose={() => setShown(null)} />
      )}
      {read !== null && <TextPreview session={session} file={read} onClose={() => setRead(null)} />}
    </>
  );
}

function Chip({ file, session, onRead }: { file: AttachmentRef; session: string; onRead(): void }) {
  const isText = file.type === "text/plain";
  const Icon = isText ? FileText : FileIcon;
  const words = (
    <>
      <Icon size={14} aria-hidden className="shrink-0 text-muted" />
      <span className="min-w-0 truncate">{file.name}</span>
      <span className="shrink-0 text-small text-muted">{sizeWords(file.size)}</span>
    </>
  );
  if (isText)
    return (
      <button type="button" className={CHIP} data-testid="file-chip" onClick={onRead}>
        {words}
      </button>
    );
  return (
    <a
      className={CHIP}
      data-testid="file-chip"
      href={attachmentUrl(session, file.id, true)}
      download={file.name}
    >
      {words}
      <Download size={13} aria-hidden className="shrink-0 text-muted" />
    </a>
  );
}
