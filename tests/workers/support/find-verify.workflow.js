export const meta = {
  name: 'find-verify',
  description: 'Find issues along several dimensions, adversarially verify each one',
  phases: [
    { title: 'Find', detail: 'one finder per dimension' },
    { title: 'Verify', detail: 'three skeptics per finding, majority vote', model: 'haiku' },
  ],
}

const DIMENSIONS = [
  { key: 'bugs', prompt: 'Look for logic errors' },
  { key: 'tests', prompt: 'Look for behaviour nobody tests' },
]

const FINDINGS = {
  type: 'object',
  properties: {
    findings: { type: 'array', items: { type: 'object', properties: {
      title: { type: 'string' },
      severity: { type: 'string', enum: ['critical', 'major', 'minor'] },
    }, required: ['title', 'severity'] } },
  },
  required: ['findings'],
}
const VERDICT = {
  type: 'object',
  properties: { isReal: { type: 'boolean' }, reason: { type: 'string' } },
  required: ['isReal', 'reason'],
}

const results = await pipeline(
  DIMENSIONS,
  d => agent(`${d.prompt} in ${args.path}.`, { label: `find:${d.key}`, phase: 'Find', schema: FINDINGS, agentType: 'Explore' }),
  (review, d) => parallel((review?.findings ?? []).map(f => async () => {
    const votes = await parallel(Array.from({ length: 3 }, (_, i) => () =>
      agent(`Skeptic ${i}: try to refute this finding about ${d.key}: ${f.title}`, { label: `verify:${f.title}`, phase: 'Verify', schema: VERDICT, effort: 'max' })
    ))
    return { ...f, real: votes.filter(Boolean).filter(v => v.isReal).length >= 2 }
  })),
)

const confirmed = results.flat().filter(Boolean).filter(f => f.real)
log(`${confirmed.length} confirmed`)
return { confirmed }
