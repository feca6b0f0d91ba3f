// Pools that end with the test that opened them.
import { onTestFinished } from 'vitest';
import { Pool, type PoolOptions } from '../../lib/index.js';

export function openPool(options?: number | PoolOptions): Pool {
  const pool = new Pool(options);
  onTestFinished(() => pool[Symbol.asyncDispose]());
  return pool;
}
