// What one holds that acquired something.

/** One acquisition. Release it once; `using guard = lock.acquireSync()` does so at the end of the block. */
export interface Guard {
  /**
   * Whether the last owner died, or lost it, while it held this: what it protects may be half changed. Only the next
   * owner is told.
   */
  readonly ownerDied: boolean;
  /** Throws `ERR_FORKYARD_NOT_HELD` the second time, or if somebody else has released it. */
  release(): void;
  [Symbol.dispose](): void;
}

/** What a guard is of. */
export interface Guarded {
  /** Throws if that acquisition is over. */
  endAcquisition(acquisition: number): void;
}

export class Acquisition implements Guard {
  readonly #of: Guarded;
  readonly #number: number;
  readonly ownerDied: boolean;

  constructor(of: Guarded, number: number, ownerDied: boolean) {
    this.#of = of;
    this.#number = number;
    this.ownerDied = ownerDied;
  }

  release(): void {
    this.#of.endAcquisition(this.#number);
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
