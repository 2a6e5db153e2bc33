import { highlight, type CodePiece } from "./highlight.ts";

const TONES: Record<CodePiece["kind"], string | undefined> = {
  plain: undefined,
  comment: "text-muted",
  string: "text-done-text",
  number: "text-waiting-text",
  keyword: "text-working-text",
};

/** Code in its colours. */
export function CodeText({ code, language }: { code: string; language: string }) {
  return highlight(code, language).map(({ text, kind }, index) => {
    const tone = TONES[kind];
    // Pieces of one text: the place is what tells them apart.
    return tone === undefined ? (
      text
    ) : (
      <span key={`${index} ${kind}`} className={tone}>
        {text}
      </span>
    );
  });
}
