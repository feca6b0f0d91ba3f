// JoinableQueue: a Queue of work, of which each piece is told to be done. Python: multiprocessing.JoinableQueue; unlike it, it does not
// wait for what a dead worker had taken: that is lost, and counted.
import { ForkyardError } from '../errors.js';
import { member } from '../family/membership.js';
import type { WaitOptions } from '../options/wait-options.js';
import { queueKind } from './kinds.js';
import { Queue } from './queue.js';
import { lookFor } from './queue-room.js';

/** A `Queue` whose values are to be told to be handled: `taskDone()` for each, in the thread that took it; `join()` waits for that. */
export class JoinableQueue<T = unknown> extends Queue<T> {
  /** `maxSize`: how many values it holds; 0 or less is no limit. Throws `ResourceError` when shared memory is used up. */
  constructor(maxSize = 0) {
    super(maxSize, { kind: queueKind.joinable, needsDone: true });
  }

  /**
   * One of the values that this thread has taken is handled. Throws `ERR_FORKYARD_TASK_DONE` if it has none that is not: it is to be called
   * once for each, where it was taken.
   */
  taskDone(): void {
    const { addon } = member();
    if (!addon.queueDone(this.messages.offset)) {
      throw new ForkyardError(
        'JoinableQueue.taskDone: called more often than values were taken here; call it once for each, in the thread that took it',
        { code: 'ERR_FORKYARD_TASK_DONE' },
      );
    }
    if (this.messages.allDone.isWanted && this.unfinished === 0) this.messages.allDone.wakeAll();
  }

  /** How many values were put in and are not handled yet, nor lost. */
  get unfinished(): number {
    return this.messages.counts.unfinished;
  }

  /** Waits until every value that was put in is handled, or lost (see `lost`), at most `timeout` milliseconds (`TimeoutError`). */
  async join(options?: WaitOptions): Promise<void> {
    const { allDone } = this.messages;
    await allDone.wait(
      'JoinableQueue.join',
      lookFor(() => this.unfinished === 0),
      options,
    );
  }

  /** As `join`, blocking this thread. */
  joinSync(options?: Pick<WaitOptions, 'timeout'>): void {
    const method = 'JoinableQueue.joinSync';
    this.messages.allDone.waitSync(
      method,
      lookFor(() => this.unfinished === 0),
      options,
    );
  }

  // What is in the hands of this thread is handled when it says so.
  protected override finishTaken(): void {}
}
