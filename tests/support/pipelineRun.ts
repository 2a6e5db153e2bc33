/** A workflow of five stages and twelve agents, each of which leaves its name in a file when it begins and when it ends. */
export function pipelineScript(name: string, trail: string, last = "report"): string {
  return `export const meta = {
  name: "${name}",
  description: "Five stages, twelve agents",
  phases: [{ title: "Plan" }, { title: "Find" }, { title: "Check" }, { title: "Mend" }, { title: "Report" }],
};
const mark = (word) => \`run sh -c "echo \${args.run}-\${word} >> ${trail}.begun; sleep 0.2; echo \${args.run}-\${word} >> ${trail}"\\nthen say \${word}\`;
const tail = (text) => (text === null ? "null" : text.split("\\n").at(-1));
phase("Plan");
const plan = tail(await agent(mark("plan")));
const parts = await pipeline(
  ["a", "b", "c"],
  (_, item) => agent(mark(\`find-\${plan}-\${item}\`), { phase: "Find" }),
  (found, item) => agent(mark(\`check-\${tail(found)}\`), { phase: "Check" }),
  (checked, item, index) => agent(mark(\`mend-\${tail(checked)}-\${index}\`), { phase: "Mend" }),
);
phase("Report");
const ends = await parallel([
  () => agent(mark("summary-" + parts.map(tail).length)),
  () => agent(mark("${last}")),
]);
log("done");
return { parts: parts.map(tail), ends: ends.map(tail) };
`;
}
