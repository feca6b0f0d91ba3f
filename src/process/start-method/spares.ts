// Spares: copies that a fork server has made ahead, each to be asked by this process itself. Whether one has become the child
// it was asked to be, nobody tells but the place: it has claimed it, or it never will.
import type { BellSource } from '../../family/bell.js';
import { member } from '../../family/membership.js';
import { type ForkReply, forkReplyKind } from '../../native/contract-forking.js';
import { isStopped } from '../../system/process-stat.js';
import type { ForkOrder } from './fork-order.js';
import { ForkedProcess, type ServerLink } from './forked-process.js';

/** What becomes of an order that a spare was asked to fulfil. */
export interface SpareEvents {
  onClaimed(order: ForkOrder, child: ForkedProcess): void;
  /** It died first, or was stopped: somebody else is to be asked. Its place is another by now. */
  onFailed(order: ForkOrder): void;
}

export class Spares implements BellSource {
  readonly #socket: number;
  readonly #link: ServerLink;
  readonly #events: SpareEvents;
  readonly #asked = new Map<ForkedProcess, ForkOrder>();
  /** That could not be asked for a reason of the order's. */
  #unused: ForkReply | undefined;

  /** `socket`: where the server offers them. It belongs to this object. */
  constructor(socket: number, link: ServerLink, events: SpareEvents) {
    this.#socket = socket;
    this.#link = link;
    this.#events = events;
  }

  /** Whether some were asked and have not answered. */
  get areAwaited(): boolean {
    return this.#asked.size > 0;
  }

  /** Asks the next one, if there is one. An order is given to a spare once. Throws what the system says of the order. */
  ask(order: ForkOrder): ForkedProcess | undefined {
    if (order.hasAskedSpare) return undefined;
    for (let offer = this.#nextOffer(); offer !== undefined; offer = this.#nextOffer()) {
      const child = this.#askOne(order, offer);
      if (child !== undefined) return child;
    }
    return undefined;
  }

  hasWork(): boolean {
    for (const [child, order] of this.#asked) if (order.isClaimedBy(child.pid)) return true;
    return false;
  }

  drain(): number {
    for (const [child, order] of this.#asked) {
      if (order.isClaimedBy(child.pid)) this.#answered(child, () => this.#events.onClaimed(order, child));
    }
    return 0;
  }

  /** Once in a while: one may be stopped, which is not meant for the start; or hang before it says a word. */
  lookAgain(): void {
    this.drain();
    for (const [child, order] of this.#asked) if (isStopped(child.pid)) this.#giveUp(order, child);
  }

  close(): void {
    for (let offer = this.#nextOffer(); offer !== undefined; offer = this.#nextOffer()) closeAll(offer.fds);
    member().addon.closeFd(this.#socket);
  }

  #nextOffer(): ForkReply | undefined {
    const unused = this.#unused;
    this.#unused = undefined;
    if (unused !== undefined) return unused;
    const offer = member().addon.receiveForkReply(this.#socket);
    return offer?.kind === forkReplyKind.spare ? offer : undefined;
  }

  #askOne(order: ForkOrder, offer: ForkReply): ForkedProcess | undefined {
    const { value: pid, fds } = offer;
    const [pidfd, socket] = fds;
    // There was no room for them.
    if (pidfd === undefined || socket === undefined) {
      closeAll(fds);
      return undefined;
    }
    let isAsked: boolean;
    try {
      isAsked = order.askSpare(socket, pid);
    } catch (error) {
      this.#unused = offer;
      throw error;
    }
    closeAll(isAsked ? [socket] : fds);
    if (!isAsked) return undefined;
    const child = new ForkedProcess(pid, pidfd, { link: this.#link, place: order.request.place });
    if (this.#asked.size === 0) member().bell.add(this);
    this.#asked.set(child, order);
    order.expect(child);
    child.onExit(() => this.#giveUp(order, child));
    return child;
  }

  // Renewed, the place is closed to it: it has done nothing, and will not.
  #giveUp(order: ForkOrder, child: ForkedProcess): void {
    if (!this.#asked.has(child)) return;
    const isClaimed = !order.request.place.renew();
    this.#answered(child, () => {
      if (isClaimed) return this.#events.onClaimed(order, child);
      child.kill(9);
      order.expect(undefined);
      this.#events.onFailed(order);
    });
  }

  #answered(child: ForkedProcess, tell: () => void): void {
    this.#asked.delete(child);
    if (this.#asked.size === 0) member().bell.remove(this);
    tell();
  }
}

function closeAll(fds: readonly number[]): void {
  for (const fd of fds) member().addon.closeFd(fd);
}
