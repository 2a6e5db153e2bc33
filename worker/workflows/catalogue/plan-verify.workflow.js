// Plans a piece of work from three sides, merges the plans, and lets critics take them apart until they find nothing.
//
// The task may also be given as text alone.
export const meta = {
  name: "plan-verify",
  description: "Three plans for one task are merged into one, which critics take apart until they approve of it",
  whenToUse: "Before work that is expensive to undo: a migration, a new interface, a change of the data",
  phases: [
    { title: "Plan", detail: "Three agents, each with another aim" },
    { title: "Merge", detail: "One plan with the best of each" },
    { title: "Verify", detail: "Critics, and a better plan, until they approve" },
  ],
  args: {
    type: ["object", "string"],
    properties: {
      task: { type: "string", minLength: 1, format: "multiline", title: "Task", description: "What is to be done, in words" },
      rounds: { type: "integer", minimum: 1, maximum: 20, default: 3, title: "Rounds of critics at most" },
    },
    required: ["task"],
  },
};

const task = typeof args === "string" ? args : args?.task;
if (!task) throw new Error('Say in args what is to be planned: { "task": "…" }.');
const rounds = args?.rounds ?? 3;

const PLAN = {
  type: "object",
  properties: {
    steps: { type: "array", minItems: 1, items: { type: "string" } },
    risks: { type: "array", items: { type: "string" } },
    checks: { type: "array", items: { type: "string" } },
  },
  required: ["steps", "risks", "checks"],
};
const VERDICT = {
  type: "object",
  properties: { approved: { type: "boolean" }, problems: { type: "array", items: { type: "string" } } },
  required: ["approved", "problems"],
};

phase("Plan");
const aims = ["the smallest change that does it", "what is safest to roll out and to take back", "what is easiest to keep for years"];
const plans = await parallel(
  aims.map(
    (aim) => () =>
      agent(`Make a plan for this task: ${task}\nYour aim is ${aim}. Look at what is there before you plan.`, {
        label: `plan: ${aim}`,
        schema: PLAN,
      }),
  ),
);

phase("Merge");
let plan = await agent(
  `These are plans for one task: ${task}\n${JSON.stringify(plans.filter(Boolean), null, 1)}\nMerge them into one plan that takes the best of each.`,
  { label: "merge", schema: PLAN },
);

phase("Verify");
for (let round = 1; plan !== null && round <= rounds; round++) {
  const verdicts = await parallel(
    ["What does it forget?", "What in it is not true of the code that is there?"].map(
      (question) => () =>
        agent(
          `A plan for this task: ${task}\n${JSON.stringify(plan, null, 1)}\nYou are its critic, in round ${round}. ${question} Approve of it when nothing of weight is left.`,
          { label: `critic ${round}: ${question}`, schema: VERDICT },
        ),
    ),
  );
  const problems = verdicts.filter(Boolean).flatMap(({ approved, problems }) => (approved ? [] : problems));
  if (problems.length === 0) return { approved: true, rounds: round, plan };
  log(`Round ${round}: ${problems.length} problems.`);
  const list = problems.map((each) => `* ${each}`).join("\n");
  const better = await agent(
    `A plan for this task: ${task}\n${JSON.stringify(plan, null, 1)}\nCritics found these problems:\n${list}\nMake a better plan.`,
    { label: `better plan ${round}`, schema: PLAN },
  );
  plan = better ?? plan;
}
return { approved: false, rounds, plan };
