// The errors of a pool's own making, in the words of whoever made the call. What a task throws is none of them.
import { ResourceError, TaskTimeoutError, WorkerLostError } from '../errors.js';
import { describeExit, type ExitStatus, exitCodeOf } from '../process/exit-status.js';
import { itemPath, renamePath } from '../serialize/rename-path.js';
import type { TaskReference } from '../task/reference.js';
import type { PoolWorker } from './backend.js';
import type { Chunk, TaskEntry } from './calls.js';
import { taskMessageType } from './messages.js';

/** The worker died while it ran the entry. */
export function lostError(
  worker: PoolWorker,
  entry: TaskEntry,
  about: { readonly reference: TaskReference; readonly status: ExitStatus },
): WorkerLostError {
  const { pid, name } = worker;
  const { reference, status } = about;
  const item = itemOf(worker, entry);
  return new WorkerLostError(
    `The worker ${name} (pid ${pid}) ended with ${describeExit(status)} while it ran ${reference.name}${at(item)}. ` +
      `Its other tasks go on; this one is not run again${entry.limits.retries > 0 ? ' any more' : ''}, since it may have had effects.`,
    {
      pid,
      exitCode: exitCodeOf(status),
      signal: status.signal,
      task: `${reference.module}#${reference.name}`,
      item,
    },
  );
}

/** The entry has run for longer than it may. */
export function timeoutError(
  worker: PoolWorker,
  entry: TaskEntry,
  reference: TaskReference,
): TaskTimeoutError {
  const { timeoutMs: timeout } = entry.limits;
  const item = itemOf(worker, entry);
  return new TaskTimeoutError(
    `${reference.name}${at(item)} has run for more than ${timeout} ms; its worker ${worker.name} (pid ${worker.pid}) is ` +
      'killed and replaced. Give it a longer `timeout`, or less to do.',
    { timeout, task: `${reference.module}#${reference.name}`, item },
  );
}

/** No worker became ready to run it. */
export function startTimeoutError(reference: TaskReference, timeout: number): TaskTimeoutError {
  return new TaskTimeoutError(
    `${reference.name} was not begun: no worker of the pool has become ready. Its initializer, or a module that it needs, ` +
      "has not come to its end. Mend that, or let calls wait longer for it with the pool's option `startTimeout`.",
    { timeout, task: `${reference.module}#${reference.name}`, item: null },
  );
}

/** The arguments were lost on their way back from a worker: this process holds too many shared buffers. */
export function argumentsLostError(reference: TaskReference): ResourceError {
  return new ResourceError(
    `The arguments of ${reference.name} could not be taken back from a worker: this process holds too many shared ` +
      'buffers. Have fewer calls with large data in flight.',
    { code: 'ERR_FORKYARD_LEDGER_FULL', syscall: 'reclaim' },
  );
}

/** The codec saw one array; the user knows arguments and items. */
export function unsendable(error: unknown, { type, firstItem }: Chunk): unknown {
  return renamePath(error, (path) => {
    if (type === taskMessageType.apply) return `args${path}`;
    return itemPath(path, type === taskMessageType.starmap ? 'argLists' : 'items', firstItem);
  });
}

// Null where it is not known, or no item of many.
function itemOf({ runningTask, runningItem }: PoolWorker, entry: TaskEntry): number | null {
  return runningTask === entry.id && runningItem >= 0 ? entry.firstItem + runningItem : null;
}

function at(item: number | null): string {
  return item === null ? '' : ` for item ${item}`;
}
