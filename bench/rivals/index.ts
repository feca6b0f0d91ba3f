// All rivals, in the order of the tables.
import { childProcess } from './child-process.js';
import { forkyard, forkyardNoSpin, forkyardSpawn } from './forkyard.js';
import { multiprocessPool } from './multiprocess-pool.js';
import { noPool } from './no-pool.js';
import { piscina } from './piscina.js';
import { poolifier, poolifierCluster } from './poolifier.js';
import { python, pythonExecutor, pythonForkserver } from './python.js';
import type { Rival } from './rival.js';
import { tinypool } from './tinypool.js';
import { workerThreads } from './worker-threads.js';
import { workerpool } from './workerpool.js';

export const rivals: readonly Rival[] = [
  forkyard,
  forkyardNoSpin,
  forkyardSpawn,
  piscina,
  tinypool,
  poolifier,
  workerThreads,
  noPool,
  workerpool,
  poolifierCluster,
  multiprocessPool,
  childProcess,
  python,
  pythonExecutor,
  pythonForkserver,
];
