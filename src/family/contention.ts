// Whether somebody else wants the processor that this thread runs on, be it another program or a member of the family: told by
// how long the thread has waited for one lately. The kernel counts that for each thread.
import { readFileSync } from 'node:fs';

const lookEveryMs = 50;
// On a processor of its own a thread waits for less than a tenth of its time, with one other program for half of it.
const mostShare = 1 / 3;
/** Nanoseconds that the thread has run, and that it has waited to run (proc(5)). */
const path = '/proc/thread-self/schedstat';

export class Contention {
  #nextLook = 0;
  #ran = 0;
  #waited = 0;
  #isContended = false;

  /** As it was when it was last looked at, at most 50 ms before `now`. False where the kernel does not tell. */
  isContended(now: number): boolean {
    if (now >= this.#nextLook) this.#look(now);
    return this.#isContended;
  }

  #look(now: number): void {
    const times = readTimes();
    if (times === undefined) {
      this.#nextLook = Infinity;
      this.#isContended = false;
      return;
    }
    const [ran, waited] = times;
    const [ranSince, waitedSince] = [ran - this.#ran, waited - this.#waited];
    this.#isContended = waitedSince > mostShare * (ranSince + waitedSince);
    this.#ran = ran;
    this.#waited = waited;
    this.#nextLook = now + lookEveryMs;
  }
}

function readTimes(): readonly [number, number] | undefined {
  try {
    const [ran, waited] = readFileSync(path, 'latin1').split(' ').map(Number);
    return ran === undefined || waited === undefined ? undefined : [ran, waited];
  } catch {
    return undefined;
  }
}
