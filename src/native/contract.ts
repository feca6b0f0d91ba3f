// What the addon offers to TypeScript. Arguments are interpreted on this side; C++ checks only their types.
// The part that talks to the operating system alone is contract-system.ts, fork servers are contract-forking.ts,
// queues contract-queue.ts.
import type { ForkingAddon } from './contract-forking.js';
import type { QueueAddon } from './contract-queue.js';
import type { SystemAddon } from './contract-system.js';

/** Numbers that both languages need; spelled in native/binding/constants.cc only. Indexes count 32-bit words. */
export interface AddonConstants {
  readonly slotWords: number;
  readonly slotEpoch: number;
  readonly ringTail: number;
  readonly ringAttaching: number;
  readonly ringTaken: number;
  readonly ringTaking: number;
  readonly ringHead: number;
  readonly ringBegun: number;
  readonly ringMeanTaskUs: number;
  readonly ringBusyMs: number;
  readonly ringRunningTask: number;
  readonly ringRunningItem: number;
  readonly ringItemsBegun: number;
  readonly ringProducerWaiting: number;
  readonly ringData: number;
  readonly syncFlags: number;
  readonly syncTurn: number;
  readonly syncBar: number;
  readonly syncState: number;
  readonly syncFirstOwner: number;
  readonly syncMoreOwners: number;
  readonly syncWants: number;
  readonly syncWantWords: number;
  readonly syncTurnStep: number;
  readonly syncSlots: number;
  readonly syncGrants: number;
  readonly syncArrivals: number;
  readonly syncGrant: number;
  readonly syncBroken: number;
  readonly syncGeneration: number;
  readonly syncWaits: number;
  readonly syncSawBroken: number;
  /** Bytes into a queue's buffer at which the first of its three rooms begins, and from one to the next. */
  readonly queueRooms: number;
  readonly queueRoomBytes: number;
  readonly queueMaxRings: number;
  /** The words of a queue's buffer that count what was put and what was taken. */
  readonly queuePuts: number;
  readonly queueGets: number;
  /** Of each half of `queueExchange()`; the byte in it at which the payload begins. */
  readonly queueAreaBytes: number;
  readonly queueAreaPayload: number;
  readonly queueBusy: number;
  readonly queueFull: number;
  readonly queueEmpty: number;
  readonly queueClosed: number;
  readonly queueUnwanted: number;
  readonly queueBroken: number;
  readonly recordHeaderWords: number;
  readonly skipRecord: number;
  readonly arenaBytes: number;
  readonly spanBytes: number;
  readonly quotaExhausted: number;
  readonly arenaExhausted: number;
  readonly ledgerFull: number;
  readonly tooLarge: number;
  readonly crashRingTailPublished: number;
  readonly crashRingRecordTakenBack: number;
  readonly crashRingBellOwed: number;
  readonly crashRingHeadAdvanced: number;
  /** 0 in the addon that users run; the number of crash points in the one that tests run. */
  readonly crashPoints: number;
}

/** A place in the family; the generation tells its occupants apart. */
export interface SlotId {
  readonly index: number;
  readonly generation: number;
}

/** How a slot looks from here. */
export interface SlotReport extends SlotId {
  readonly condition: 'reserved' | 'alive' | 'dead' | 'being-reaped';
  readonly pid: number;
  readonly thread: number;
}

/** Bytes of the family's shared memory: whole spans of 1 MiB. */
export interface MemoryUse {
  readonly bytesInUse: number;
  readonly limitBytes: number;
  readonly reservedBytes: number;
  readonly ownedBytes: number;
}

/** Results of `reap`. */
export const reapOutcome = { reaped: 0, notDead: 1, busy: 2 } as const;

/** The addon as one JavaScript environment sees it. A *cell* is a reference it holds; a *block* an arena offset. */
export interface Addon extends SystemAddon, ForkingAddon, QueueAddon {
  readonly constants: AddonConstants;

  found(limitBytes: number, arenaBytes: number): void;
  /** What `join` does first, ahead of it; each process for itself. */
  prepareJoin(arenaFd: number, livenessFd: number): void;
  join(arenaFd: number, livenessFd: number, lifelineFds: number[]): void;
  /** This process leads a group of its own, with the programs that it starts: the root's death is the death of all of them. */
  leadGroup(): void;
  /** SIGTERM and SIGHUP end this process only if they come from that one; SIGINT does not. Handlers of the program's own stay. */
  heedOnly(pid: number): void;
  isFounded(): boolean;
  open(onBell: () => void, slot?: number, generation?: number): SlotId;
  /** `[arena, liveness, ...lifelines]`: what a child must inherit. The lifelines are new: `armLifelines` closes them. */
  descriptors(): number[];
  /** The kernel kills `pid` when this process, or the root, is gone. 0: the child was not started. */
  armLifelines(lifelines: number[], pid: number): void;
  reserveSlot(): SlotId;
  cancelReservation(slot: number, generation: number): boolean;
  /** The same slot for another child: the new generation, or -1 if it is claimed. */
  renewReservation(slot: number, generation: number): number;
  /** The process that has claimed the slot; 0: none has yet, or it is swept. */
  claimantOf(slot: number, generation: number): number;
  isGone(slot: number, generation: number): boolean;
  reap(slot: number): number;
  reapAll(): number;
  /** Reaps what dead members had started; how many of these still live. */
  reapOrphans(): number;
  slots(): SlotReport[];
  slotTable(): ArrayBuffer;
  spinnerTable(): ArrayBuffer;
  ring(slot: number): void;
  /** Lets whatever else can run on this processor run first: sched_yield(2). */
  yieldProcessor(): void;
  keepLoopAlive(alive: boolean): void;
  addChild(pid: number): void;
  forgetChild(pid: number): void;
  openPidfd(pid: number): number;
  signalPidfd(fd: number, signal: number): boolean;
  waitPidfd(fd: number, timeoutMs: number): boolean;

  share(bytes: Uint8Array): number;
  /** The cell of zeros, or a negative failure. */
  allocate(bytes: number): number;
  /** The cell of a block to wait at, with so many cells for owners or with words for slots; or a negative failure. */
  createSync(kind: number, owners: number, slotWords: number, limit: number): number;
  /** Blocks this thread while the turn of such a block is that, until its bell rings. False: the time is up. */
  park(block: number, turn: number, timeoutMs: number): boolean;
  /** Looks, without sleep, until that word of the block's buffer is no longer `seen`, for so long at most. */
  lookOut(block: number, word: number, seen: number, us: number): void;
  take(ring: number, position: number, index: number): number;
  /** The buffer holds the cell from now on. Its length may be more than was asked for. */
  view(cell: number): ArrayBuffer;
  /** Gives the cell of a view up now; the buffer is empty from then on. */
  closeView(cell: number, buffer: ArrayBuffer): void;
  detach(buffer: ArrayBuffer): void;
  createRing(capacityBytes: number): number;
  blockOf(cell: number): number;
  generationOf(block: number): number;
  acquire(block: number, generation: number): number;
  release(cell: number): void;
  ringBuffer(block: number): ArrayBuffer;
  attach(ring: number, position: number, cells: number[]): void;
  reclaim(ring: number, position: number, index: number): number;
  receive(ring: number, position: number, index: number): ArrayBuffer;
  borrow(ring: number, position: number, index: number): ArrayBuffer;
  drop(ring: number, position: number, index: number): boolean;
  closeRing(cell: number): void;
  trim(): number;
  memoryUse(): MemoryUse;

  armCrashPoint(id: number, hitsBefore: number): void;
  crashPoint(id: number): void;
}
