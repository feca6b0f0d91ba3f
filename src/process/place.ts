// Place: the slot that a parent reserves for a child, and the channel that leads to it. Whoever claims the slot is the
// child; nobody else may run what the channel says.
import { Channel, type ChannelAddress } from '../channel/channel.js';
import { ResourceError } from '../errors.js';
import { member } from '../family/membership.js';
import type { SlotId, SlotReport } from '../native/contract.js';

export class Place {
  #slot: SlotId;
  readonly channel: Channel;

  /** Throws `ResourceError` if the family has no slot or memory left. */
  constructor() {
    this.#slot = reserveSlot();
    try {
      this.channel = Channel.create(this.#slot);
    } catch (error) {
      this.cancel();
      throw error;
    }
  }

  get slot(): SlotId {
    return this.#slot;
  }

  /** What a child needs to know to take it. */
  get address(): { readonly slot: SlotId; readonly channel: ChannelAddress } {
    return { slot: this.#slot, channel: this.channel.address };
  }

  cancel(): void {
    member().addon.cancelReservation(this.#slot.index, this.#slot.generation);
  }

  /** Whoever was told of it before comes too late from now on. False: somebody has claimed it. */
  renew(): boolean {
    const { index, generation } = this.#slot;
    const renewed = member().addon.renewReservation(index, generation);
    if (renewed < 0) return false;
    this.#slot = { index, generation: renewed };
    return true;
  }

  /** The process that has claimed it; 0 if there is none, or it is swept already. */
  get claimedBy(): number {
    return member().addon.claimantOf(this.#slot.index, this.#slot.generation);
  }

  /** Whether that process lives and has claimed it: then its number is nobody else's. */
  isHeldBy(pid: number): boolean {
    const report = this.#report();
    return report?.condition === 'alive' && report.pid === pid;
  }

  #report(): SlotReport | undefined {
    const { index, generation } = this.#slot;
    return member()
      .addon.slots()
      .find((slot) => slot.index === index && slot.generation === generation);
  }
}

function reserveSlot(): SlotId {
  try {
    return member().addon.reserveSlot();
  } catch (cause) {
    const { code, errno = 0, syscall } = cause as NodeJS.ErrnoException;
    if (code !== 'EAGAIN') throw cause;
    throw new ResourceError(
      'The process could not be started: the family has as many processes and threads as it can have. Let some end first.',
      { cause, errno: -errno, syscall: syscall ?? null },
    );
  }
}
