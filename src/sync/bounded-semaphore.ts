// BoundedSemaphore: so many at a time, and no more permits than at first. Python: multiprocessing.BoundedSemaphore; unlike
// it, the permits of a process that dies come back.
import { argumentRangeError } from '../errors.js';
import { wholeNumber } from '../options/values.js';
import { Acquirable } from './acquirable.js';
import type { Acquisition } from './guard.js';
import { guardOver, notHeld } from './held.js';
import { syncKind } from './kinds.js';

const mostPermits = 2 ** 16;

/** A fixed number of permits, each with its owner, between the processes, threads and tasks of a family. */
export class BoundedSemaphore extends Acquirable {
  protected readonly called = 'BoundedSemaphore';
  /** By cell: the acquisition that this environment has it from. */
  readonly #acquisitions = new Map<number, Acquisition>();

  /** Throws `RangeError` for a value that is no integer from 1 to 65,536, `ResourceError` when memory is used up. */
  constructor(value = 1) {
    if (wholeNumber('new BoundedSemaphore', 'value', value) > mostPermits) {
      throw argumentRangeError('new BoundedSemaphore', 'value', `at most ${mostPermits}`, value);
    }
    super(syncKind.boundedSemaphore, value);
  }

  /**
   * Gives a permit back: one of this thread's, the newest first, or else somebody's, as in Python. Throws
   * `ERR_FORKYARD_NOT_HELD` if all permits are here.
   */
  release(): void {
    for (const cell of [...this.#acquisitions.keys()].reverse()) {
      this.#acquisitions.delete(cell);
      if (this.giveUp(cell)) return;
    }
    if (!this.giveUpAny()) {
      throw notHeld(
        `BoundedSemaphore.release: all ${this.cells} permits are here already; acquire one first`,
      );
    }
  }

  /** The permits that are left, at this moment. Python: `get_value()`. */
  get value(): number {
    return this.free();
  }

  /** @internal */
  endAcquisition(acquisition: Acquisition): void {
    for (const [cell, mine] of this.#acquisitions) {
      if (mine !== acquisition) continue;
      this.#acquisitions.delete(cell);
      if (this.giveUp(cell)) return;
    }
    throw guardOver();
  }

  protected describe(): string {
    return `all ${this.cells} permits are taken`;
  }

  protected begin(cell: number, acquisition: Acquisition): void {
    // The newest is last, also where somebody else had released the cell.
    this.#acquisitions.delete(cell);
    this.#acquisitions.set(cell, acquisition);
  }
}
