// What a worker runs before its first task.
import type { Channel } from '../channel/channel.js';
import { currentProcess } from '../process/current-process.js';
import { markRemote } from '../serialize/remote-stack.js';
import { importStandIns, type TaskReference } from '../task/reference.js';
import { resolveTask, unfinishedImport } from '../task/resolve.js';
import type { TaskFunction } from './known-tasks.js';
import { resultMessageType, type WorkerValues } from './messages.js';
import { orProcessEnd } from './process-end.js';

/** False if it failed, or the process ends before it has come to its end: then the pool is told, and the worker ends. */
export async function initialize(
  channel: Channel,
  initializer: TaskReference,
  takeValues: () => unknown,
): Promise<boolean> {
  const fail = (error: unknown): void => {
    markRemote(error, currentProcess());
    channel.send({ type: resultMessageType.initializerFailed, id: 0, extra: 0 }, error);
    channel.wakePeerNow();
    process.exitCode = 1;
  };
  try {
    await orProcessEnd(run(initializer, takeValues), (reason) => {
      fail(unfinishedImport(reason) ?? new Error(`the initializer did not come to its end: ${reason}`));
    });
    return true;
  } catch (error) {
    fail(error);
    return false;
  }
}

// Its module may register the classes of its arguments.
async function run(initializer: TaskReference, takeValues: () => unknown): Promise<void> {
  const task = (await resolveTask(initializer)) as TaskFunction;
  const { initargs } = takeValues() as WorkerValues;
  await importStandIns();
  await task(...initargs);
}
