// When a worker tells its pool of results, and when it lets the pool run that it has told. Waking the pool for each result costs more
// than a short task: where another one is at hand they are told of together. Should that one take long after all, the pool looks by
// itself (late-results.ts).
import type { Channel } from '../channel/channel.js';
import { Contention } from '../family/contention.js';
import { member } from '../family/membership.js';
import type { WorkMeter } from './work-meter.js';

// Results of short tasks are told of after so many, then twice as many, and so on: the pool reads them while more are made.
const firstResults = 8;
// Or after so long. The pool's event loop is a service's, and has its turn with each: no timer of it waits longer than this for
// one, which Node's own clock, in whole milliseconds, would let it.
const longestMs = 0.25;
// The pool was told so long ago and does not run: where there are as many workers as processors it stands behind one of them, until
// the kernel's next tick. It may go first; but not where other programs wait as well, as these would go first, too.
const overdueMs = 0.05;

export class Announcer {
  readonly #channel: Channel;
  readonly #meter: WorkMeter;
  readonly #contention = new Contention();
  #told = 0;
  #results = firstResults;
  #lookedAt = 0;
  #read = 0;
  #unreadSince = 0;

  constructor(channel: Channel, meter: WorkMeter) {
    this.#channel = channel;
    this.#meter = meter;
  }

  /** A turn of tasks begins. */
  begin(now: number): void {
    this.#told = 0;
    this.#results = firstResults;
    this.#lookedAt = now;
  }

  /** `finished` tasks of this turn are done. Before the next one, which may take long: what nobody is told of would wait for it. */
  after(finished: number, now: number): void {
    if (now - this.#lookedAt > overdueMs) {
      this.#lookedAt = now;
      if (this.#channel.isPeerOverdue && !this.#contention.isContended(now)) member().addon.yieldProcessor();
    }
    if (finished - this.#told < this.#results && this.#mayWait(now)) return;
    this.#told = finished;
    this.#lookedAt = now;
    this.#results *= 2;
    this.#channel.wakePeerNow();
  }

  #mayWait(now: number): boolean {
    const read = Atomics.load(this.#channel.outWords, this.#channel.constants.ringHead);
    // Another worker may have woken the pool, which then reads from all.
    if (read !== this.#read) {
      this.#read = read;
      this.#unreadSince = now;
    }
    const { meanMs } = this.#meter;
    if (meanMs === 0 || meanMs > longestMs / 2) return false;
    return now - this.#unreadSince < longestMs && this.#channel.reader.hasRecord();
  }
}
