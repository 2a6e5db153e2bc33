// Answers a question that one look does not answer: splits it, lets agents look into each part on their own, checks what
// they claim, and writes the answer with what it rests on.
//
// The question may also be given as text alone.
export const meta = {
  name: "deep-research",
  description: "Splits a question, looks into every part in parallel, checks the claims and writes a report with sources",
  whenToUse: "For questions about a code base, a library or a decision that want evidence from many places",
  phases: [
    { title: "Split", detail: "Which parts the question has" },
    { title: "Look", detail: "One agent for each part" },
    { title: "Check", detail: "Every claim that is not certain" },
    { title: "Report" },
  ],
  args: {
    type: ["object", "string"],
    properties: {
      question: { type: "string", minLength: 1, format: "multiline", title: "Question" },
      parts: { type: "integer", minimum: 1, maximum: 12, default: 5, title: "Parts at most", description: "An agent looks into each" },
    },
    required: ["question"],
  },
};

const question = typeof args === "string" ? args : args?.question;
if (!question) throw new Error('Say in args what is to be found out: { "question": "…" }.');
const most = Math.min(args?.parts ?? 5, 12);

const PARTS = {
  type: "object",
  properties: { parts: { type: "array", minItems: 1, items: { type: "string", minLength: 1 } } },
  required: ["parts"],
};
const CLAIMS = {
  type: "object",
  properties: {
    claims: {
      type: "array",
      items: {
        type: "object",
        properties: {
          claim: { type: "string" },
          source: { type: "string" },
          sure: { type: "integer", minimum: 1, maximum: 5 },
        },
        required: ["claim", "source", "sure"],
      },
    },
  },
  required: ["claims"],
};
const CHECK = {
  type: "object",
  properties: { holds: { type: "boolean" }, correction: { type: "string" } },
  required: ["holds"],
};

phase("Split");
const split = await agent(
  `The question is: ${question}\nWhich parts must be known to answer it? At most ${most}, each a question of its own that can be looked into without the others.`,
  { label: "split", schema: PARTS },
);
const parts = (split?.parts ?? [question]).slice(0, most);

const known = await pipeline(
  parts,
  (part) =>
    agent(
      `You look into one part of a larger question.\nThe question: ${question}\nYour part: ${part}\nClaim only what you have seen, with the place where you saw it (a file and line, a command and its output, an address).`,
      { label: part.slice(0, 80), phase: "Look", schema: CLAIMS },
    ),
  (found, part) =>
    parallel(
      (found?.claims ?? []).slice(0, 8).map((each) => async () => {
        // What somebody has seen for certain is not looked at twice.
        if (each.sure >= 5) return { ...each, part, checked: false };
        const check = await agent(
          `Check a claim. It says: ${each.claim}\nIts source: ${each.source}\nLook there yourself. When it does not hold, say what is true instead.`,
          { label: `check: ${each.claim}`.slice(0, 80), phase: "Check", schema: CHECK },
        );
        if (check === null) return { ...each, part, checked: false };
        if (check.holds) return { ...each, part, checked: true };
        return check.correction ? { ...each, claim: check.correction, part, checked: true } : null;
      }),
    ),
);
const claims = known.flatMap((list) => list ?? []).filter((claim) => claim !== null);
log(`${claims.length} claims about ${parts.length} parts.`);

phase("Report");
const report = await agent(
  `The question is: ${question}\nThis is known, each with its source:\n${JSON.stringify(claims, null, 1)}\nGive the answer first, then what it rests on, then what stays open. Nothing that is not among the claims.`,
  { label: "report" },
);
return { question, report, claims };
