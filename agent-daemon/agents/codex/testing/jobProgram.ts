import { JOB_WORD, superviseJob } from "../superviseJob.ts";

// The supervisor's side of the daemon's program alone, for tests of jobs.
const [, , word, dir] = process.argv;
if (word !== JOB_WORD || dir === undefined) throw new Error(`expected ${JOB_WORD} <dir>`);
await superviseJob(dir);
