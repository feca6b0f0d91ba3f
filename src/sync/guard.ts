// What one holds that acquired something.

/** One acquisition. Release it once; `using guard = lock.acquireSync()` does so at the end of the block. */
export interface Guard {
  /**
   * Whether the last owner died, or lost it, while it held this: what it protects may be half changed. Only the next
   * owner is told; also who has it back after a wait for a `Condition`.
   */
  readonly ownerDied: boolean;
  /** Throws `ERR_FORKYARD_NOT_HELD` the second time, or if somebody else has released it. */
  release(): void;
  [Symbol.dispose](): void;
}

/** What a guard is of. */
export interface Guarded {
  /** Throws if that acquisition is over. */
  endAcquisition(acquisition: Acquisition): void;
}

export class Acquisition implements Guard {
  readonly #of: Guarded;
  ownerDied: boolean;

  constructor(of: Guarded, ownerDied: boolean) {
    this.#of = of;
    this.ownerDied = ownerDied;
  }

  release(): void {
    this.#of.endAcquisition(this);
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
