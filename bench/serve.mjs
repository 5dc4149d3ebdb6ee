// The protocol of the JavaScript sides: lines of JSON in, a line of JSON out for each, as in `common.py`.
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

/** The most memory that this process held resident, in MB; null where the system does not say. */
function peakMegabytes() {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1024
  } catch {
    return null
  }
}

/** Microseconds of a step where `run()` does some steps and says how many; at least `seconds` and `least` steps. */
export async function repeat(run, seconds, least) {
  const start = performance.now()
  for (let steps = 0; ; ) {
    steps += await run()
    const elapsed = (performance.now() - start) / 1000
    if (elapsed >= seconds && steps >= least) return (elapsed * 1e6) / steps
  }
}

/** Answers until the input ends. `prepare(workload)` gives a side with `agree(epochs)` and `chunk(seconds, least)`. */
export async function serve(version, prepare) {
  let side
  let name
  const answers = {
    version: () => version,
    peak: peakMegabytes,
    agree: async ({ workload, epochs }) => (await prepare(workload)).agree(epochs),
    time: async ({ workload, seconds, steps }) => {
      if (name !== workload.name) [side, name] = [await prepare(workload), workload.name]
      return side.chunk(seconds, steps)
    },
  }
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line)
    console.log(JSON.stringify(await answers[request.kind](request)))
  }
}
