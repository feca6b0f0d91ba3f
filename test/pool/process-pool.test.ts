// The behaviours of every pool (conformance/pool.ts), of the one whose workers are processes.
import { Pool } from '../../lib/index.js';
import { poolConformance } from '../conformance/pool.js';

poolConformance('processes', (options) => new Pool(options));
