// What Lock and RLock have in common: one owner, and a condition may give them up and take them back.
import { Acquirable } from './acquirable.js';
import type { Acquisition } from './guard.js';
import { ownerDiedFlag } from './owners.js';

/** What its holder had of a lock that was given up for a wait. */
export interface Suspended {
  readonly acquisitions: readonly Acquisition[];
  readonly owner: unknown;
}

export abstract class Mutex extends Acquirable {
  protected constructor(kind: number) {
    super(kind, 1);
  }

  /** Whether somebody holds it, at this moment. */
  get locked(): boolean {
    return this.free() === 0;
  }

  /** @internal Whether whoever calls may release it. */
  abstract get isHeldHere(): boolean;

  /** Forgets its acquisitions. */
  protected abstract lose(): Suspended;

  /** It is this thread's again. */
  protected abstract regain(suspended: Suspended): void;

  /** @internal For a wait: its holder gives it up, however often it was acquired. */
  suspend(): Suspended {
    const suspended = this.lose();
    this.giveUp(0);
    return suspended;
  }

  /** @internal */
  async resume(method: string, suspended: Suspended): Promise<void> {
    this.#takeBack(await this.obtain(method), suspended);
  }

  /** @internal */
  resumeSync(method: string, suspended: Suspended): void {
    this.#takeBack(this.obtainSync(method), suspended);
  }

  #takeBack(taken: number, suspended: Suspended): void {
    this.regain(suspended);
    const ownerDied = (taken & ownerDiedFlag) !== 0;
    for (const acquisition of suspended.acquisitions) acquisition.ownerDied = ownerDied;
  }

  protected describe(): string {
    return this.holder();
  }
}
