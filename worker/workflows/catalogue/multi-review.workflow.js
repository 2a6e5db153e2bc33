// Reviews code from several sides at once, and lets another agent try to refute every finding before it is told.
export const meta = {
  name: "multi-review",
  description: "Reviews code from several sides in parallel; every finding is tried to be refuted before it counts",
  whenToUse: "Before a branch is merged, or when a directory has not been looked at for a while",
  phases: [
    { title: "Review", detail: "One agent for each side" },
    { title: "Verify", detail: "One agent for each finding, which tries to refute it" },
    { title: "Report", detail: "What is left, the worst first" },
  ],
  args: {
    type: "object",
    properties: {
      target: {
        type: "string",
        format: "multiline",
        title: "What is reviewed",
        default: "the changes of this branch against main (git diff main...HEAD)",
        description: "In words: these changes, a directory, a file",
      },
      dimensions: {
        type: "array",
        title: "Sides",
        description: "Each side is looked at by an agent of its own. Four of our own, when none is given",
        items: {
          type: "object",
          properties: { name: { type: "string", minLength: 1 }, prompt: { type: "string", minLength: 1 } },
          required: ["name", "prompt"],
        },
      },
    },
  },
};

const target = args?.target ?? "the changes of this branch against main (git diff main...HEAD)";
const dimensions = args?.dimensions ?? [
  { name: "correctness", prompt: "Wrong results, unhandled cases, broken promises between functions, races." },
  { name: "security", prompt: "Input that is trusted too early, secrets that leak, rights that are not checked." },
  { name: "performance", prompt: "Work that grows faster than it must, needless waiting, memory that is never freed." },
  { name: "simplicity", prompt: "Code that is not needed, names that mislead, what exists twice." },
];

const FINDINGS = {
  type: "object",
  properties: {
    findings: {
      type: "array",
      items: {
        type: "object",
        properties: {
          title: { type: "string", minLength: 1 },
          file: { type: "string" },
          line: { type: "integer", minimum: 0 },
          severity: { enum: ["high", "medium", "low"] },
          why: { type: "string" },
        },
        required: ["title", "file", "severity", "why"],
      },
    },
  },
  required: ["findings"],
};

const VERDICT = {
  type: "object",
  properties: { real: { type: "boolean" }, why: { type: "string" } },
  required: ["real", "why"],
};

// No barrier between the two: the findings of the quickest reviewer are verified while the others still read.
const reviewed = await pipeline(
  dimensions,
  ({ name, prompt }) =>
    agent(
      `You review ${target}. Look at one side only, ${name}: ${prompt}\n` +
        "Name what is wrong and where, each thing once, and nothing that you have not seen in the code. Nothing wrong is a good answer too: then the list is empty.",
      { label: `review: ${name}`, phase: "Review", schema: FINDINGS },
    ),
  (review, { name }) =>
    parallel(
      (review?.findings ?? []).map((finding) => async () => {
        const verdict = await agent(
          `Somebody who reviewed the ${name} of ${target} says this of ${finding.file}: ${finding.title}. ${finding.why}\n` +
            "Try to refute it: look at the code, at who calls it, at its tests. It is real only if you could show how it goes wrong.",
          { label: `verify: ${finding.title}`.slice(0, 80), phase: "Verify", schema: VERDICT },
        );
        return verdict?.real ? { ...finding, side: name, verdict: verdict.why } : null;
      }),
    ),
);

phase("Report");
const order = { high: 0, medium: 1, low: 2 };
const findings = reviewed
  .flatMap((list) => list ?? [])
  .filter((finding) => finding !== null)
  .sort((a, b) => order[a.severity] - order[b.severity]);
log(`${findings.length} findings are left of ${dimensions.length} reviews.`);
return { target, findings };
