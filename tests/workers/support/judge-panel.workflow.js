export const meta = {
  name: 'judge-panel',
  description: 'Several drafts, scored by judges; the best one wins',
  whenToUse: 'When the first idea is seldom the best',
  phases: [{ title: 'Draft' }, { title: 'Judge' }],
}

phase('Draft')
const ANGLES = ['simple', 'fast', 'safe']
const drafts = await parallel(ANGLES.map((angle, i) => () => agent(`Draft ${i} for ${args.path}, as ${angle} as possible.`, { label: `draft:${angle}` })))

phase('Judge')
const SCORE = { type: 'object', properties: { score: { type: 'number', minimum: 1, maximum: 10 } }, required: ['score'], additionalProperties: false }
const scored = await Promise.all(
  drafts.filter(Boolean).map(async (draft, i) => {
    const { score } = await agent(`Score draft ${i} from 1 to 10:\n${draft}`, { label: `judge:${ANGLES[i]}`, schema: SCORE })
    return { angle: ANGLES[i], draft, score }
  })
)
scored.sort((a, b) => b.score - a.score)
return { winner: scored[0], all: scored.map(({ angle, score }) => ({ angle, score })) }
