// Workers that have tasks of calls which were given up. They are asked for them once for all that is given up at a moment:
// one signal over 10,000 calls costs 10,000 times the same, not 10,000 times what the workers hold.
import type { CrewMember } from './crew.js';

export class Withdrawals {
  readonly #members = new Set<CrewMember>();
  readonly #withdraw: (members: readonly CrewMember[]) => void;

  constructor(withdraw: (members: readonly CrewMember[]) => void) {
    this.#withdraw = withdraw;
  }

  /** Whether something is given up just now. */
  get isUnderWay(): boolean {
    return this.#members.size > 0;
  }

  /** The worker is asked when the current microtasks have run. */
  add(member: CrewMember): void {
    if (this.#members.size === 0) {
      queueMicrotask(() => {
        const members = [...this.#members];
        this.#members.clear();
        this.#withdraw(members);
      });
    }
    this.#members.add(member);
  }
}
