// All scenarios, in the order in which they run.
import type { Scenario } from '../scenario.js';
import { coldStart } from './cold-start.js';
import { largeArrays } from './large-arrays.js';
import { oneByOne } from './one-by-one.js';

export const scenarios: readonly Scenario[] = [oneByOne, coldStart, largeArrays];
