import type { Model } from 'ferrograd'
import type { Workload } from './workload.js'

export function compiledNetwork(workload: Workload): Model
