// Sentinel: the descriptor that tells the end of a process, and who closes it. One nobody asked for goes with the
// process; one that was handed out goes with close(), or with the object that it belongs to.
import { member } from '../family/membership.js';

const abandoned = new FinalizationRegistry<{ fd: number }>((held) => member().addon.closeFd(held.fd));

export class Sentinel {
  #held: { fd: number } | undefined;
  #handedOut = false;
  #ended = false;

  /** Opens the pidfd, while the process surely exists. Without one more descriptor it is had when it is asked for. */
  open(pid: number): void {
    try {
      this.#hold(member().addon.openPidfd(pid));
    } catch {
      this.#held = undefined;
    }
  }

  /** Readable (poll, epoll) once the process has ended. */
  get(pid: number): number {
    this.#handedOut = true;
    // What is always readable says the same as the pidfd of an ended process.
    const held = this.#held ?? this.#hold(this.#ended ? alwaysReadable() : openOrEnded(pid));
    return held.fd;
  }

  onEnd(): void {
    this.#ended = true;
    if (!this.#handedOut) this.close();
  }

  close(): void {
    if (this.#held === undefined) return;
    abandoned.unregister(this);
    member().addon.closeFd(this.#held.fd);
    this.#held = undefined;
  }

  #hold(fd: number): { fd: number } {
    this.#held = { fd };
    abandoned.register(this, this.#held, this);
    return this.#held;
  }
}

// It may have ended a moment ago, and nobody has told us yet.
function openOrEnded(pid: number): number {
  try {
    return member().addon.openPidfd(pid);
  } catch (error) {
    if ((error as { code?: string }).code === 'ESRCH') return alwaysReadable();
    throw error;
  }
}

function alwaysReadable(): number {
  const { addon } = member();
  const [ours, theirs] = addon.socketPair(false);
  addon.closeFd(theirs);
  return ours;
}
