// Hunts for bugs until the hunters come back with nothing new: rounds of hunters with different habits, three judges for
// every catch, and an end when two rounds in a row bring nothing or the budget is nearly spent.
export const meta = {
  name: "bounty-hunt",
  description: "Rounds of hunters look for bugs; three judges decide on each; it ends when nothing new is found",
  whenToUse: "Before a release, or to find out how good a code base is",
  phases: [
    { title: "Hunt", detail: "Hunters with different habits" },
    { title: "Judge", detail: "Three judges for every catch" },
  ],
  args: {
    type: "object",
    properties: {
      where: { type: "string", title: "Where", default: "this repository", description: "A directory, a package, or words" },
      rounds: { type: "integer", title: "Rounds at most", minimum: 1, maximum: 20, default: 5 },
      habits: {
        type: "array",
        items: { type: "string" },
        title: "Habits",
        description: "A hunter for each: what it looks for. Four of our own, when none is given",
      },
    },
  },
};

const where = args?.where ?? "this repository";
const rounds = Math.min(args?.rounds ?? 5, 20);
const habits = args?.habits ?? [
  "follows every error to where it is handled, or is not",
  "looks for what happens twice, never, late, or out of order",
  "feeds every entrance what nobody expected: empty, huge, malformed, hostile",
  "compares what the documentation promises with what the code does",
];
/** Tokens that a round should have, so that it is not cut off in the middle. */
const ROUND = 50_000;

const CATCHES = {
  type: "object",
  properties: {
    bugs: {
      type: "array",
      items: {
        type: "object",
        properties: { title: { type: "string", minLength: 1 }, file: { type: "string" }, how: { type: "string" } },
        required: ["title", "file", "how"],
      },
    },
  },
  required: ["bugs"],
};
const JUDGEMENT = {
  type: "object",
  properties: { real: { type: "boolean" }, why: { type: "string" } },
  required: ["real"],
};

const seen = new Set();
const confirmed = [];
let dry = 0;
for (let round = 1; round <= rounds && dry < 2; round++) {
  if (budget.total && budget.remaining() < ROUND) {
    log(`The budget ends the hunt before round ${round}.`);
    break;
  }
  const known = confirmed.map(({ title }) => `* ${title}`).join("\n") || "* nothing yet";
  const hunted = await parallel(
    habits.map(
      (habit, index) => () =>
        agent(
          `You hunt for bugs in ${where}. You are the one who ${habit}. This is round ${round}.\nThese are known already:\n${known}\nName new ones only, each with how one makes it happen. None is a good answer too.`,
          { label: `hunter ${index + 1}, round ${round}`, phase: "Hunt", schema: CATCHES },
        ),
    ),
  );
  const fresh = [];
  for (const bug of hunted.flatMap((each) => each?.bugs ?? [])) {
    const name = `${bug.file}: ${bug.title}`.toLowerCase();
    if (seen.has(name)) continue;
    seen.add(name);
    fresh.push(bug);
  }
  const judged = await parallel(
    fresh.map((bug) => async () => {
      const votes = await parallel(
        [1, 2, 3].map(
          (judge) => () =>
            agent(
              `You are judge ${judge} of three. Somebody claims a bug in ${bug.file}: ${bug.title}\nHow it is made to happen: ${bug.how}\nIt is real when you can follow every step of that in the code.`,
              { label: `judge ${judge}: ${bug.title}`.slice(0, 80), phase: "Judge", schema: JUDGEMENT },
            ),
        ),
      );
      return votes.filter((vote) => vote?.real).length >= 2 ? bug : null;
    }),
  );
  const real = judged.filter((bug) => bug !== null);
  confirmed.push(...real);
  dry = real.length === 0 ? dry + 1 : 0;
  log(`Round ${round}: ${fresh.length} new, ${real.length} of them real.`);
}
return { where, bugs: confirmed };
