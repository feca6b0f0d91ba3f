// The bell of this environment: how it sleeps without missing a message, and how it wakes others.
// The protocol (epochs, announce and re-check) is native/parking/README.md; its proof models/ring.pml.
import type { Addon } from '../native/contract.js';
import { Pace } from './pace.js';
import { Ringer } from './ringer.js';
import { Spinning, type SpinSettings } from './spinning.js';

/** Something that may have work when the bell rings: a channel. */
export interface BellSource {
  /** Whether `drain` would find anything. Reads shared words; called after the sleep was announced. */
  hasWork(): boolean;
  /** Handles at most so many messages. How many it handled. */
  drain(most: number): number;
}

// How long messages, and what they settle, are handled before the event loop gets its turn: a timer or a request of a service
// waits no longer for a crowd of results than for any other callback.
const sliceMs = 0.3;
// The same where nothing but tasks waits for the loop: in a worker.
const workerSliceMs = 2;
const fewMessages = 4;
const resolved = Promise.resolve();
const never = (): boolean => false;

export class Bell {
  /** How it wakes others. */
  readonly others: Ringer;
  readonly #addon: Addon;
  readonly #slots: Int32Array;
  readonly #ownEpoch: number;
  readonly #sources = new Set<BellSource>();
  #draining = false;
  #isTurnComing = false;
  #inCrowd = false;
  readonly #spinning: Spinning;
  #spinTurn: NodeJS.Immediate | undefined;
  #keepAlive = 0;
  #turnStart = 0;
  #sliceMs = sliceMs;
  readonly #pace = new Pace();
  #turn: () => void = () => this.#work();

  constructor(addon: Addon, ownSlot: number) {
    const { slotWords, slotEpoch } = addon.constants;
    this.#addon = addon;
    this.#spinning = new Spinning(addon, ownSlot);
    this.#slots = new Int32Array(addon.slotTable());
    this.others = new Ringer(addon, this.#slots);
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
    // The turn that comes anyway looks at everything. With a second one beside it, a loop that is rung for in each of its turns
    // would have ever more of them in one.
    if (this.#isTurnComing) return;
    this.#turnStart = performance.now();
    this.#workSoon();
  };

  /**
   * For those who run functions of others: `turn` is what is done when the bell rings, with nothing below it on the stack,
   * where each frame costs an error of theirs a microsecond. It calls `begin`, does its own work, and calls `end`.
   */
  turnBy(turn: () => void): void {
    this.#turn = turn;
    this.#sliceMs = workerSliceMs;
  }

  begin(): void {
    this.#isTurnComing = false;
    this.#wakeUp();
    this.#draining = true;
  }

  /** Hands over what has arrived for the sources, then sleeps or spins. `messages`: those that the caller has handled. */
  end(messages: number): void {
    this.#pace.begin(performance.now());
    const { share } = this.#pace;
    const drained = this.#drain(share);
    this.#draining = false;
    if (drained >= share) {
      this.#inCrowd = true;
      this.#pace.continue(drained);
      this.others.pause();
      this.#workAgain();
      return;
    }
    this.#leaveCrowd();
    const all = messages + drained;
    // Where they come in crowds, the next crowd is worth a bell; and a spinner would only make smaller ones of them.
    const isQuiet = all <= fewMessages;
    if (isQuiet && this.#keepAlive > 0 && this.#spinning.begin(performance.now())) this.#spinAgain();
    else this.#sleep();
  }

  /** Hands over, at once, what has arrived; nothing while that is being done already. */
  drainNow(): void {
    if (this.#draining) return;
    this.#wakeUp();
    this.#draining = true;
    this.#drain(Infinity);
    this.#draining = false;
    this.#sleep();
  }

  /**
   * Blocks this thread in `park`, which announces a sleep of its own. What arrived meanwhile for the event loop is looked
   * for afterwards, as before any sleep.
   */
  block(park: () => boolean): boolean {
    this.others.wakeNow();
    const wasAsleep = (Atomics.load(this.#slots, this.#ownEpoch) & 1) === 1;
    try {
      return park();
    } finally {
      if (wasAsleep) this.#sleep();
    }
  }

  /** Keeps the event loop alive until `letGo` was called as often: a message is waited for. */
  hold(): void {
    if (this.#keepAlive++ > 0) return;
    this.#addon.keepLoopAlive(true);
    if (this.#spinTurn !== undefined || !this.#spinning.begin(performance.now())) return;
    this.#wakeUp();
    this.#spinAgain();
  }

  /**
   * Messages are looked for before this environment sleeps, unless `needsProcessors` says that those who would send them have
   * work for all processors. The function that is returned takes that back.
   */
  spin(settings: SpinSettings, needsProcessors: () => boolean = never): () => void {
    this.#spinning.allow(settings);
    return this.#spinning.object(needsProcessors);
  }

  letGo(): void {
    if (--this.#keepAlive === 0) this.#addon.keepLoopAlive(false);
  }

  #work(): void {
    const now = performance.now();
    if (this.#inCrowd && now - this.#turnStart >= this.#sliceMs) {
      // What the last group settled has taken the rest of the slice.
      this.#pace.begin(now);
      this.#workLater();
      return;
    }
    this.begin();
    this.end(0);
  }

  // A callback that throws is an uncaught exception of the program, but the other sources are not its victims.
  #drain(most: number): number {
    let messages = 0;
    for (const source of this.#sources) {
      try {
        messages += source.drain(most - messages);
      } catch (error) {
        setImmediate(() => {
          throw error;
        });
      }
      if (messages >= most) {
        this.#putLast(source);
        break;
      }
    }
    return messages;
  }

  // The one with more than its share is not before the others in the next group.
  #putLast(source: BellSource): void {
    if (this.#sources.delete(source)) this.#sources.add(source);
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

  // What the messages settled runs first; the event loop gets its turn before long.
  #workAgain(): void {
    this.#wakeUp();
    if (this.#isTurnComing) return;
    if (performance.now() - this.#turnStart < this.#sliceMs) this.#workSoon();
    else this.#workLater();
  }

  #leaveCrowd(): void {
    this.#inCrowd = false;
    this.others.resume();
  }

  // As a microtask it has nothing below it on the stack: what a worker's tasks throw collects the stack, by the frame.
  #workSoon(): void {
    if (this.#isTurnComing) return;
    this.#isTurnComing = true;
    void resolved.then(this.#turn);
  }

  #workLater(): void {
    this.#leaveCrowd();
    this.#isTurnComing = true;
    setImmediate(() => {
      this.#isTurnComing = false;
      this.onRing();
    });
  }

  #fallAsleep(): void {
    Atomics.store(this.#slots, this.#ownEpoch, Atomics.load(this.#slots, this.#ownEpoch) | 1);
  }

  #wakeUp(): void {
    const epoch = Atomics.load(this.#slots, this.#ownEpoch);
    if ((epoch & 1) === 1) Atomics.store(this.#slots, this.#ownEpoch, (epoch + 1) | 0);
  }
}
