// `npm run test:crash [-- KILLS]`: kills trainings (50) and savings (1000) at random moments with SIGKILL, and holds what
// comes after to what a run left alone comes to. A bounded form is part of `npm test`.
import { handOver, main, Stop, tool } from './lib.mjs'
import { setup } from './setup.mjs'

const kills = process.argv[2] ?? '50'

main(async () => {
  await setup()
  const config = ['--config', 'vitest.config.mjs', '--project', 'crash']
  const code = await handOver(process.execPath, [tool('vitest'), 'run', ...config], { FERROGRAD_KILLS: kills })
  if (code !== 0) throw new Stop('A crash lost something.')
})
