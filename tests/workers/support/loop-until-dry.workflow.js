export const meta = {
  name: 'loop-until-dry',
  description: 'Keep looking until two rounds in a row find nothing new',
}
const BUGS = { type: 'object', properties: { bugs: { type: 'array', items: { type: 'string' } } }, required: ['bugs'] }
const seen = new Set()
const bugs = []
let dry = 0
let round = 0
while (dry < 2 && (!budget.total || budget.remaining() > 50_000)) {
  round++
  phase(`Round ${round}`)
  const found = (await parallel([0, 1].map(i => () => agent(`Finder ${i}, round ${round}: find a bug.`, { schema: BUGS, model: 'sonnet' }))))
    .filter(Boolean)
    .flatMap(r => r.bugs)
  const fresh = found.filter(b => !seen.has(b))
  fresh.forEach(b => seen.add(b))
  if (fresh.length === 0) { dry++; continue }
  dry = 0
  bugs.push(...new Set(fresh))
  console.log(`${bugs.length} found, ${budget.spent()} spent`)
}
return { bugs, rounds: round }
