// The start methods by name, the default first.
import { forkserverMethod } from './forkserver.js';
import { spawnMethod } from './spawn.js';
import type { StartMethod, StartMethodName } from './start-method.js';

export const startMethods: Readonly<Record<StartMethodName, StartMethod>> = {
  forkserver: forkserverMethod,
  spawn: spawnMethod,
};

export const startMethodNames = Object.keys(startMethods) as readonly StartMethodName[];
