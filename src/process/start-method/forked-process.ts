// A process that a fork server has started for this one: watched by its pidfd, told of by the server. It outlives the
// server: then the kernel is asked how it ended.
import { member } from '../../family/membership.js';
import type { WatchHandle } from '../../native/contract-forking.js';
import { processStat } from '../../system/process-stat.js';
import { type ExitStatus, exitStatusOfWait, statusLost } from '../exit-status.js';
import type { Place } from '../place.js';
import type { Launched } from './start-method.js';

/** What a child needs of whoever hears its server. */
export interface ServerLink {
  /** The server is gone, or will say nothing more. */
  readonly isLost: boolean;
  /** Keeps the event loop alive, or does so no longer. */
  hold(): void;
  letGo(): void;
  forget(child: ForkedProcess): void;
}

// The server reports an end within a millisecond, unless it is stopped.
const patienceMs = 50;
const longestPatienceMs = 5000;

export class ForkedProcess implements Launched {
  readonly pid: number;
  readonly #link: ServerLink;
  readonly #place: Place;
  #pidfd = -1;
  #watch: WatchHandle | undefined;
  #status: ExitStatus | undefined;
  readonly #onExit: ((status: ExitStatus) => void)[] = [];
  #timer: NodeJS.Timeout | undefined;
  #holds = false;
  #holdsLink = false;
  #askedSince = 0;

  /** `pidfd`: -1 if there was no descriptor left for one. */
  constructor(pid: number, pidfd: number, { link, place }: { link: ServerLink; place: Place }) {
    this.pid = pid;
    this.#link = link;
    this.#place = place;
    if (pidfd >= 0) this.#watchBy(pidfd);
  }

  kill(signal: number): void {
    if (this.#status !== undefined) return;
    if (this.#pidfd >= 0) member().addon.signalPidfd(this.#pidfd, signal);
    // Until its server says that it has ended, the number is nobody else's.
    else if (!this.#link.isLost) signalIfThere(this.pid, signal);
  }

  onExit(callback: (status: ExitStatus) => void): void {
    if (this.#status === undefined) this.#onExit.push(callback);
    else callback(this.#status);
  }

  ref(): void {
    if (this.#holds || this.#status !== undefined) return;
    this.#holds = true;
    this.#applyHold();
  }

  unref(): void {
    if (!this.#holds) return;
    this.#holds = false;
    this.#applyHold();
  }

  /** The server has reaped it. */
  ended(waitStatus: number): void {
    this.#settle(exitStatusOfWait(waitStatus));
  }

  /** The server will say nothing more: if the child has ended, the kernel knows how. */
  lostServer(): void {
    if (this.#status !== undefined) return;
    if (this.#pidfd < 0) this.#findAgain();
    if (this.#pidfd < 0) this.#settle(statusLost);
    this.#applyHold();
  }

  // By its number, which may be another's by now: looked at after the pidfd is open, its place tells. Who has not claimed
  // it yet never will: a place of which an end was told is taken back.
  #findAgain(): void {
    const pidfd = tryOpenPidfd(this.pid);
    if (pidfd < 0) return;
    if (this.#place.isHeldBy(this.pid)) this.#watchBy(pidfd);
    else member().addon.closeFd(pidfd);
  }

  // What cannot be watched is treated like one for which there was no descriptor.
  #watchBy(pidfd: number): void {
    const { addon } = member();
    try {
      this.#watch = addon.watchFd(pidfd, () => this.#onGone());
      this.#pidfd = pidfd;
    } catch {
      addon.closeFd(pidfd);
    }
  }

  // By what will tell of its end.
  #applyHold(): void {
    const holdsLink = this.#holds && this.#watch === undefined && !this.#link.isLost;
    if (holdsLink !== this.#holdsLink) {
      this.#holdsLink = holdsLink;
      if (holdsLink) this.#link.hold();
      else this.#link.letGo();
    }
    if (this.#watch !== undefined) member().addon.keepWatchAlive(this.#watch, this.#holds);
    if (this.#holds) this.#timer?.ref();
    else this.#timer?.unref();
  }

  // Dead, and perhaps reaped. The server's word comes first; from a zombie the status can be read as well.
  #onGone(): void {
    if (this.#watch !== undefined) member().addon.pauseWatch(this.#watch);
    this.#askedSince = performance.now();
    this.#askIn(this.#link.isLost ? 0 : patienceMs);
  }

  #askIn(ms: number): void {
    this.#timer = setTimeout(this.#ask, ms);
    this.#applyHold();
  }

  readonly #ask = (): void => {
    if (this.#status !== undefined) return;
    const known = this.#statusByKernel();
    if (known !== undefined) this.#settle(known);
    else if (performance.now() - this.#askedSince > longestPatienceMs) this.#settle(statusLost);
    else this.#askIn(1);
  };

  #statusByKernel(): ExitStatus | undefined {
    const reaped = member().addon.statusOfReaped(this.#pidfd);
    if (reaped >= 0) return exitStatusOfWait(reaped);
    const zombie = statusOfZombie(this.pid);
    return zombie === undefined ? undefined : exitStatusOfWait(zombie);
  }

  #settle(status: ExitStatus): void {
    if (this.#status !== undefined) return;
    this.#status = status;
    this.unref();
    clearTimeout(this.#timer);
    if (this.#watch !== undefined) member().addon.stopWatch(this.#watch);
    this.#watch = undefined;
    this.#pidfd = -1;
    this.#link.forget(this);
    for (const callback of this.#onExit.splice(0)) callback(status);
  }
}

function tryOpenPidfd(pid: number): number {
  try {
    return member().addon.openPidfd(pid);
  } catch {
    return -1;
  }
}

function signalIfThere(pid: number, signal: number): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as { code?: string }).code !== 'ESRCH') throw error;
  }
}

// proc(5): the wait status is field 52, told to processes of the same user.
function statusOfZombie(pid: number): number | undefined {
  const stat = processStat(pid);
  return stat?.[0] === 'Z' ? Number(stat[49]) : undefined;
}
