// Today's default start method.
export { spawnMethod as recommendedStartMethod } from './spawn.js';
