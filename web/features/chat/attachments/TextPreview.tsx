import { Download } from "lucide-react";
import { useEffect, useState } from "react";
import type { AttachmentRef } from "../../../../protocol/events.ts";
import { Dialog, DialogFoot } from "../../../shared/ui/Dialog.tsx";
import { Skeleton } from "../../../shared/ui/Skeleton.tsx";
import { attachmentUrl } from "./attachmentUrl.ts";
import { sizeWords } from "../../../shared/lib/sizeWords.ts";

/** What a page shows of a long text without becoming slow. */
const MOST_CHARACTERS = 100_000;

type Read = { state: "coming" } | { state: "there"; text: string; cut: boolean } | { state: "broken" };

type PreviewProps = { session: string; file: AttachmentRef; onClose(): void };

/** The beginning of a text file, as text: nothing of it is run or drawn. */
export default function TextPreview({ session, file, onClose }: PreviewProps) {
  const [attempt, setAttempt] = useState(0);
  return (
    <Dialog open onClose={onClose} title={file.name} description={sizeWords(file.size)} wide testId="preview">
      <Text key={attempt} url={attachmentUrl(session, file.id)} onAgain={() => setAttempt(attempt + 1)} />
      <DialogFoot>
        <a
          href={attachmentUrl(session, file.id, true)}
          download={file.name}
          className="thumb flex h-8 items-center gap-1.5 rounded-base border border-line bg-raised px-3 hover:bg-hover"
        >
          <Download size={14} aria-hidden /> Download
        </a>
      </DialogFoot>
    </Dialog>
  );
}

function Text({ url, onAgain }: { url: string; onAgain(): void }) {
  const [read, setRead] = useState<Read>({ state: "coming" });
  useEffect(() => {
    const over = new AbortController();
    fetch(url, { signal: over.signal })
      .then(async (response) => {
        if (!response.ok) throw new Error(String(response.status));
        const text = await response.text();
        const cut = text.length > MOST_CHARACTERS;
        setRead({ state: "there", text: text.slice(0, MOST_CHARACTERS), cut });
      })
      .catch(() => over.signal.aborted || setRead({ state: "broken" }));
    return () => over.abort();
  }, [url]);
  if (read.state === "coming") return <Skeleton className="m-5 h-40" />;
  if (read.state === "broken")
    return (
      <p className="p-5">
        It could not be fetched.{" "}
        <button type="button" className="underline" onClick={onAgain}>
          Try again
        </button>
      </p>
    );
  return (
    <pre tabIndex={0} className="p-5 font-mono text-[12px] break-words whitespace-pre-wrap">
      {read.text}
      {read.cut && <span className="text-muted">{"\n"}… the rest is in the file</span>}
    </pre>
  );
}
