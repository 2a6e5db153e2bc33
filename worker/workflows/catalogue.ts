import bountyHunt from "./catalogue/bounty-hunt.workflow.js";
import deepResearch from "./catalogue/deep-research.workflow.js";
import multiReview from "./catalogue/multi-review.workflow.js";
import planVerify from "./catalogue/plan-verify.workflow.js";

/** The workflows that are built in, by name. */
export const catalogue: ReadonlyMap<string, string> = new Map([
  ["bounty-hunt", bountyHunt],
  ["deep-research", deepResearch],
  ["multi-review", multiReview],
  ["plan-verify", planVerify],
]);
