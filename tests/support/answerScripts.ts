import * as z from "zod";
import type { Reply } from "./fakeModel/directives.ts";
import type { Ask } from "./fakeModel/modelApi.ts";

const Tools = z.looseObject({ tools: z.array(z.looseObject({ name: z.string().optional() })).optional() });

/** What agents of workflow scripts are asked, and what they answer: an object, or the status of a server that fails. */
const ANSWERS: [asked: RegExp, answer: (...parts: string[]) => object | number][] = [
  // A review: two findings of one side, one of another, a side that fails; one finding is refuted.
  [
    /^\s*\.\.\.$/m,
    () => ({
      findings: [
        { title: "off by one", file: "a.ts" },
        { title: "leak", file: "b.ts" },
      ],
    }),
  ],
  [/Adversarially verify: (.+)$/m, (title) => ({ isReal: title === "leak" })],
  [
    /Review the changes in \S+ for logic/,
    () => ({
      findings: [
        { file: "a.ts", claim: "off by one" },
        { file: "b.ts", claim: "never ends" },
      ],
    }),
  ],
  [
    /Review the changes in \S+ for injection/,
    () => ({ findings: [{ file: "c.ts", claim: "an open door" }] }),
  ],
  [/Review the changes in \S+ for accidental/, () => 400],
  [
    /verify this claim about (\S+):/,
    (file) => ({ isReal: file !== "b.ts", why: `I looked at ${file ?? ""}` }),
  ],
  // A search until nothing new comes.
  [
    /Find (one|two)$/m,
    (which) => ({ bugs: which === "one" ? [{ desc: "x" }, { desc: "y" }] : [{ desc: "z" }] }),
  ],
  [
    /Judge "(.)" via the (\w+) lens/,
    (desc, lens) => ({ real: desc === "x" || (desc === "y" && lens !== "repro") || lens === "security" }),
  ],
  // Research: three sides, four sources of which one fails, three claims with their votes.
  [
    /Decompose this research question/,
    () => ({
      angles: ["old", "new", "odd"].map((label) => ({
        label,
        query: `about ${label}`,
        rationale: "why not",
      })),
    }),
  ],
  [/Web Searcher: (\w+)/, (label) => ({ results: searched(label) })],
  [/\*\*URL:\*\* (\S+)/, (url) => extracted(url)],
  [
    /voter (\d)\/3[^]*Claim under review[^]*"(\w+) is so"/,
    (voter, of) => ({
      refuted: of === "new" || (of === "odd" && voter === "2"),
      evidence: `vote ${voter ?? ""}`,
      confidence: "medium",
    }),
  ],
  [
    /## Synthesis: research report/,
    () => ({
      summary: "It is.",
      findings: [
        {
          claim: "old is so",
          confidence: "high",
          sources: ["https://old.example/a"],
          evidence: "three votes",
        },
      ],
      caveats: "few sources",
    }),
  ],
  // The edges of the format.
  [/give (\d+)$/m, (n) => ({ n: Number(n) })],
];

/** The reply of a model server to an agent of a script; null to everything else. */
export function answerScripts(ask: Ask, body: unknown): Reply | null {
  if (ask.userText.startsWith("CALL:")) return null;
  for (const [asked, answer] of ANSWERS) {
    const found = asked.exec(ask.userText);
    if (found === null) continue;
    const given = answer(...found.slice(1));
    if (typeof given === "number") return { kind: "status", status: given, retryAfter: null, leak: false };
    const json = JSON.stringify(given);
    const tools = Tools.parse(body).tools ?? [];
    const structured = tools.some(({ name }) => name === "StructuredOutput") && ask.toolOutputs.length === 0;
    return structured
      ? { kind: "calls", calls: [{ tool: "StructuredOutput", json }], reasoning: null }
      : { kind: "text", text: json, reasoning: null, pieces: 1, pauseMs: 0 };
  }
  return null;
}

function searched(label: string | undefined): object[] {
  const result = (path: string, relevance: string) => ({
    url: `https://${label ?? ""}.example/${path}`,
    title: path,
    relevance,
  });
  // The same page twice, once with what says where its reader came from.
  return label === "old"
    ? [result("a?utm_source=x", "low"), result("a", "high")]
    : [result(label === "odd" ? "gone" : "b", "high"), ...(label === "odd" ? [result("c", "medium")] : [])];
}

function extracted(url: string | undefined): object | number {
  const { hostname, pathname } = new URL(url ?? "");
  if (pathname === "/gone") return { claims: [], sourceQuality: "unreliable" };
  const claim = `${hostname.split(".")[0] ?? ""} is so`;
  return { claims: [{ claim, quote: `"${claim}"`, importance: "central" }], sourceQuality: "blog" };
}
