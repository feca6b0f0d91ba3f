// All scenarios, in the order in which they run.
import type { Scenario } from '../scenario.js';
import { abort } from './abort.js';
import { skewed, taskOverhead } from './busy.js';
import { cold } from './cold.js';
import { coldStart } from './cold-start.js';
import { eventLoop } from './event-loop.js';
import { growth } from './growth.js';
import { killing } from './kills.js';
import { latency } from './latency.js';
import { map } from './map.js';
import { oneByOne } from './one-by-one.js';
import { payload } from './payload.js';
import { processes } from './process.js';
import { service } from './service.js';
import { shared } from './shared.js';

export const scenarios: readonly Scenario[] = [
  ...oneByOne,
  ...map,
  latency,
  ...payload,
  ...shared,
  coldStart,
  ...cold,
  ...processes,
  skewed,
  taskOverhead,
  eventLoop,
  killing,
  ...abort,
  ...service,
  ...growth,
];
