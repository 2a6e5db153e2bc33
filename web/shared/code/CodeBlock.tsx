import { CopyButton } from "../ui/CopyButton.tsx";
import { CodeText } from "./CodeText.tsx";

/** A block of code in mono, as wide as it is, copyable. */
export function CodeBlock({
  code,
  language,
  what = "the code",
}: {
  code: string;
  language: string;
  what?: string;
}) {
  return (
    <div className="group/code relative overflow-hidden rounded-base border border-line bg-term">
      <div className="absolute top-0 right-0 flex h-6.5 items-center gap-1 rounded-bl-small bg-term pr-1 pl-2">
        {language !== "" && <span className="text-small text-muted">{language}</span>}
        <CopyButton
          text={code}
          what={what}
          className="opacity-0 group-hover/code:opacity-100 focus-visible:opacity-100 touch:opacity-100"
        />
      </div>
      <pre
        tabIndex={0}
        aria-label={language === "" ? "Code" : `Code, ${language}`}
        className="max-h-[480px] overflow-auto px-3 py-2 font-mono text-[12px] leading-[18px] text-term-text touch:pr-16 outline-offset-[-2px]"
      >
        <code>
          <CodeText code={code} language={language} />
        </code>
      </pre>
    </div>
  );
}
