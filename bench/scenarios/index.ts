// All scenarios, in the order in which they run.
import type { Scenario } from '../scenario.js';
import { coldStart } from './cold-start.js';
import { latency } from './latency.js';
import { map } from './map.js';
import { oneByOne } from './one-by-one.js';
import { payload } from './payload.js';

export const scenarios: readonly Scenario[] = [...oneByOne, ...map, latency, ...payload, coldStart];
