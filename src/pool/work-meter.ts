// What a worker tells its pool of its own pace, in two words of its task ring: the mean time of a task, by which the
// pool measures its credit, and the time that it has been busy.
import type { Channel } from '../channel/channel.js';

// The newest sample's part in the mean.
const newestShare = 0.3;

export class WorkMeter {
  readonly #words: Int32Array;
  readonly #meanTaskUs: number;
  readonly #busyMs: number;
  #mean = 0;
  #busy = 0;
  #depth = 0;
  #since = 0;

  constructor(channel: Channel) {
    this.#words = channel.inWords;
    this.#meanTaskUs = channel.constants.ringMeanTaskUs;
    this.#busyMs = channel.constants.ringBusyMs;
  }

  /** Mean run time of the last tasks. */
  get meanMs(): number {
    return this.#mean / 1000;
  }

  /** Work begins; overlapping work counts once. */
  enter(now: number): void {
    if (this.#depth++ === 0) this.#since = now;
  }

  leave(now: number): void {
    if (--this.#depth > 0) return;
    this.#busy += now - this.#since;
    Atomics.store(this.#words, this.#busyMs, this.#busy | 0);
  }

  /** `tasks` took `elapsedMs` together. */
  sample(elapsedMs: number, tasks: number): void {
    const us = (elapsedMs * 1000) / tasks;
    this.#mean = this.#mean === 0 ? us : this.#mean + newestShare * (us - this.#mean);
    Atomics.store(this.#words, this.#meanTaskUs, Math.max(1, Math.min(2 ** 31 - 1, Math.round(this.#mean))));
  }
}
