// Stands in for what the pool is about to know: the item of a batch that is being run, and a time for each.
// Nothing else belongs here.
import type { TaskTimeoutError, WorkerLostError } from '../../errors.js';
import type { Pool } from '../../pool/pool.js';
import type { BatchResult } from './batch-result.js';
import { mapTasks } from './worker.js';

export function applyWithin(
  pool: Pool,
  args: [Uint8Array, number],
  options: { timeout?: number },
): Promise<BatchResult> {
  const apply = pool.apply.bind(pool) as (...all: unknown[]) => Promise<unknown>;
  return apply(mapTasks.runBatch, args, options) as Promise<BatchResult>;
}

export function lostItem(error: WorkerLostError | TaskTimeoutError): number | null {
  return (Reflect.get(error, 'item') as number | null | undefined) ?? null;
}
