// npm run chaos [-- rounds] [--seed N] [--chats N]
import { parseArgs } from "node:util";
import { strikeChats } from "../../tests/support/strikeChats.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: "string", default: String(Date.now() % 100_000) },
    chats: { type: "string", default: "8" },
  },
});
const [rounds, seed, chats] = [Number(positionals[0] ?? 1_000), Number(values.seed), Number(values.chats)];
const began = performance.now();
const elapsed = () => `${((performance.now() - began) / 1000).toFixed(0).padStart(5)} s`;
console.error(`${rounds} rounds, ${chats} chats at once, seed ${seed}`);
const report = await strikeChats({
  rounds,
  seed,
  chats,
  say: (line) => console.error(`${elapsed()}  ${line}`),
});
console.log(
  JSON.stringify({ seconds: Math.round((performance.now() - began) / 1000), seed, ...report }, null, 1),
);
process.exit(report.problems.length === 0 ? 0 : 1);
