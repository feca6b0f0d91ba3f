// The bell of this environment: how it sleeps without missing a message, and how it wakes others.
// The protocol (epochs, announce and re-check) is native/parking/README.md; its proof models/ring.pml.
import type { Addon } from '../native/contract.js';
import { Spinning, type SpinSettings } from './spinning.js';

/** Something that may have work when the bell rings: a channel. */
export interface BellSource {
  /** Whether `drain` would find anything. Reads shared words; called after the sleep was announced. */
  hasWork(): boolean;
  /** How many messages it handled. */
  drain(): number;
}

// How long messages are handled before the event loop gets its turn.
const turnMs = 2;
const fewMessages = 4;
const resolved = Promise.resolve();

export class Bell {
  readonly #addon: Addon;
  readonly #slots: Int32Array;
  readonly #slotWords: number;
  readonly #epochOffset: number;
  readonly #ownEpoch: number;
  readonly #crashes: boolean;
  readonly #lastRung = new Map<number, number>();
  readonly #sources = new Set<BellSource>();
  readonly #announced = new Set<number>();
  #draining = false;
  #flushScheduled = false;
  readonly #spinning: Spinning;
  #spinTurn: NodeJS.Immediate | undefined;
  #keepAlive = 0;
  #turnStart = 0;
  #turn: () => void = () => this.#work();

  constructor(addon: Addon, ownSlot: number) {
    const { slotWords, slotEpoch } = addon.constants;
    this.#addon = addon;
    this.#spinning = new Spinning(addon, ownSlot);
    this.#crashes = addon.constants.crashPoints > 0;
    this.#slots = new Int32Array(addon.slotTable());
    this.#slotWords = slotWords;
    this.#epochOffset = slotEpoch;
    this.#ownEpoch = ownSlot * slotWords + slotEpoch;
    this.#fallAsleep();
  }

  /** From now on the source is looked at; also for what arrived before. */
  add(source: BellSource): void {
    this.#sources.add(source);
    if (source.hasWork()) this.onRing();
  }

  remove(source: BellSource): void {
    this.#sources.delete(source);
  }

  /** The addon calls this on the event loop; others may. */
  readonly onRing = (): void => {
    this.#turnStart = performance.now();
    this.#workSoon();
  };

  /**
   * For those who run functions of others: `turn` is what is done when the bell rings, with nothing below it on the stack,
   * where each frame costs an error of theirs a microsecond. It calls `begin`, does its own work, and calls `end`.
   */
  turnBy(turn: () => void): void {
    this.#turn = turn;
  }

  begin(): void {
    this.#wakeUp();
    this.#draining = true;
  }

  /** Hands over what has arrived for the sources, then sleeps or spins. `messages`: those that the caller has handled. */
  end(messages: number): void {
    const all = messages + this.#drain();
    this.#draining = false;
    // Where they come in crowds, the next crowd is worth a bell; and a spinner would only make smaller ones of them.
    const isQuiet = all <= fewMessages;
    if (isQuiet && this.#keepAlive > 0 && this.#spinning.begin(performance.now())) this.#spinAgain();
    else this.#sleep();
  }

  /** Hands over, at once, what has arrived; nothing while that is being done already. */
  drainNow(): void {
    if (this.#draining) return;
    this.#turnStart = performance.now();
    this.#work();
  }

  /** Wakes the environment in `slot` if it sleeps and this environment has not rung for that sleep before. */
  wake(slot: number): void {
    const epoch = Atomics.load(this.#slots, slot * this.#slotWords + this.#epochOffset);
    if ((epoch & 1) === 0 || this.#lastRung.get(slot) === epoch) return;
    this.#lastRung.set(slot, epoch);
    if (this.#crashes) this.#addon.crashPoint(this.#addon.constants.crashRingBellOwed);
    this.#addon.ring(slot);
  }

  /**
   * Blocks this thread in `park`, which announces a sleep of its own. What arrived meanwhile for the event loop is looked
   * for afterwards, as before any sleep.
   */
  block(park: () => boolean): boolean {
    this.wakeNow();
    const wasAsleep = (Atomics.load(this.#slots, this.#ownEpoch) & 1) === 1;
    try {
      return park();
    } finally {
      if (wasAsleep) this.#sleep();
    }
  }

  /** Rings whether it sleeps or not; the function tells whether the event loop there has heard a bell since. */
  probe(slot: number): () => boolean {
    const word = slot * this.#slotWords + this.#epochOffset;
    const epoch = Atomics.load(this.#slots, word);
    this.#addon.ring(slot);
    return () => Atomics.load(this.#slots, word) !== epoch;
  }

  /** `wake`, once for all that is written until the current microtasks have run. */
  wakeSoon(slot: number): void {
    this.#announced.add(slot);
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    queueMicrotask(this.#flush);
  }

  /** Those whom `wakeSoon` was to wake: whoever blocks the thread may wait for what they do. */
  wakeNow(): void {
    if (this.#announced.size > 0) this.#flush();
  }

  /** Keeps the event loop alive until `letGo` was called as often: a message is waited for. */
  hold(): void {
    if (this.#keepAlive++ > 0) return;
    this.#addon.keepLoopAlive(true);
    if (this.#spinTurn !== undefined || !this.#spinning.begin(performance.now())) return;
    this.#wakeUp();
    this.#spinAgain();
  }

  /** Whoever waits for messages here wants them to be looked for before this environment sleeps. */
  spin(settings: SpinSettings): void {
    this.#spinning.allow(settings);
  }

  letGo(): void {
    if (--this.#keepAlive === 0) this.#addon.keepLoopAlive(false);
  }

  readonly #flush = (): void => {
    this.#flushScheduled = false;
    for (const slot of this.#announced) this.wake(slot);
    this.#announced.clear();
  };

  #work(): void {
    this.begin();
    this.end(0);
  }

  // A callback that throws is an uncaught exception of the program, but the other sources are not its victims.
  #drain(): number {
    let messages = 0;
    for (const source of this.#sources) {
      try {
        messages += source.drain();
      } catch (error) {
        setImmediate(() => {
          throw error;
        });
      }
    }
    return messages;
  }

  // Announced first, then everything is looked at again.
  #sleep(): void {
    clearImmediate(this.#spinTurn);
    this.#spinTurn = undefined;
    this.#spinning.leave();
    this.#fallAsleep();
    if (this.#hasWork()) this.#workAgain();
  }

  #hasWork(): boolean {
    for (const source of this.#sources) if (source.hasWork()) return true;
    return false;
  }

  // By turns of the event loop, so that nothing else waits. Who spins is awake: nobody rings for it.
  readonly #spin = (): void => {
    this.#spinTurn = undefined;
    const now = performance.now();
    if (this.#hasWork()) {
      this.#spinning.hit();
      this.#turnStart = now;
      this.#workSoon();
    } else if (this.#keepAlive > 0 && !this.#spinning.isOver(now)) {
      this.#spinAgain();
    } else {
      if (this.#keepAlive > 0) this.#spinning.miss();
      this.#sleep();
    }
  };

  #spinAgain(): void {
    this.#spinTurn ??= setImmediate(this.#spin);
  }

  // What the messages resolved runs first; the event loop gets its turn before long.
  #workAgain(): void {
    this.#wakeUp();
    if (performance.now() - this.#turnStart < turnMs) this.#workSoon();
    else setImmediate(this.onRing);
  }

  // As a microtask it has nothing below it on the stack: what a worker's tasks throw collects the stack, by the frame.
  #workSoon(): void {
    void resolved.then(this.#turn);
  }

  #fallAsleep(): void {
    Atomics.store(this.#slots, this.#ownEpoch, Atomics.load(this.#slots, this.#ownEpoch) | 1);
  }

  #wakeUp(): void {
    const epoch = Atomics.load(this.#slots, this.#ownEpoch);
    if ((epoch & 1) === 1) Atomics.store(this.#slots, this.#ownEpoch, (epoch + 1) | 0);
  }
}
