// Where starts wait for a fork server of one set-up: one at a time, started on demand, again when it dies. No start is
// lost with a server, and none happens twice: whoever claims the place is the child (process/place.ts).
import type { Refusal } from '../../forking/serve.js';
import { isDescriptorShortage, limitsOfStart } from '../../system/shortage.js';
import { Fifo } from '../../util/fifo.js';
import { ForkOrder, type OrderDesk } from './fork-order.js';
import { ForkServer, type ServerEnd } from './fork-server.js';
import type { ServerFlags } from './node-flags.js';
import { spawnMethod } from './spawn.js';
import { preloadFailed, startFailed } from './start-failed.js';
import type { Launch, LaunchRequest } from './start-method.js';
import { ChildStreams } from './streams.js';

// A server that dies so often without one answer is not going to give any.
const mostDeathsInARow = 5;
const mostKillsInARow = 20;
const restartMs = 10;
const mostRestartMs = 1000;
const shortageMs = 50;
const longestShortageMs = 2000;

export class ForkDesk implements OrderDesk {
  readonly #flags: ServerFlags;
  readonly #preload: readonly string[];
  readonly #onUnfit: (reason: string) => void;
  #waiting = new Fifo<ForkOrder>();
  #server: ForkServer | undefined;
  #deathsInARow = 0;
  #holds = 0;
  #isUnfit = false;
  #pause: NodeJS.Timeout | undefined;
  #shortSince: number | undefined;

  /** `onUnfit`: from now on processes are spawned instead. */
  constructor(flags: ServerFlags, preload: readonly string[], onUnfit: (reason: string) => void) {
    this.#flags = flags;
    this.#preload = preload;
    this.#onUnfit = onUnfit;
  }

  launch(request: LaunchRequest): Launch {
    if (this.#isUnfit) return spawnMethod.launch(request);
    let streams: ChildStreams;
    try {
      streams = new ChildStreams(request.stdio);
    } catch (error) {
      throw startFailed(undefined, error);
    }
    const order = new ForkOrder(request, streams, this);
    this.#waiting.push(order);
    this.#pump();
    return order.launch;
  }

  /** Begins to start the server, if there is none. */
  prepare(): void {
    if (this.#isUnfit || this.#pause !== undefined) return;
    try {
      this.#server ??= this.#start();
    } catch {
      // Whoever needs it tries again, and is told.
    }
  }

  /** Starts the server before it is needed, and waits until it serves; or until it is clear that none will. */
  async prewarm(): Promise<void> {
    this.hold();
    try {
      while (!this.#isUnfit) {
        if (this.#pause !== undefined) {
          await new Promise((resolve) => setTimeout(resolve, restartMs));
          continue;
        }
        this.#server ??= this.#start();
        if (await this.#server.ready) return;
      }
    } finally {
      this.letGo();
    }
  }

  hold(): void {
    this.#holds++;
    this.#pause?.ref();
    this.#server?.hold();
  }

  letGo(): void {
    this.#holds--;
    if (this.#holds === 0) this.#pause?.unref();
    this.#server?.letGo();
  }

  #pump(): void {
    while (this.#waiting.length > 0 && this.#pause === undefined) {
      const order = this.#waiting.peek() as ForkOrder;
      try {
        this.#server ??= this.#start();
        if (!this.#server.ask(order)) {
          // Nobody will tell of room where nothing is under way: others of this user have taken it.
          if (!this.#server.isBusy) this.#pumpAfter(restartMs);
          return;
        }
        this.#waiting.shift();
        this.#shortSince = undefined;
      } catch (error) {
        // Whoever ends gives descriptors back; but those that are idle may never end.
        if (isDescriptorShortage(error) && this.#server?.isBusy === true && this.#mayWaitForDescriptors()) {
          this.#pumpAfter(shortageMs);
          return;
        }
        this.#waiting.shift();
        order.fail(startFailed(order.request.cwd, error));
      }
    }
  }

  // From the first time that none was free, or the last at which one could become free.
  #mayWaitForDescriptors(): boolean {
    const now = performance.now();
    this.#shortSince ??= now;
    return now - this.#shortSince < longestShortageMs;
  }

  #onRoom(): void {
    this.#shortSince = undefined;
    this.#pump();
  }

  #start(): ForkServer {
    const server = new ForkServer(this.#flags, this.#preload, {
      onRoom: () => this.#onRoom(),
      onFailed: (order) => this.#again(order),
      onRefused: (refusal, unanswered) => this.#onRefused(refusal, unanswered),
      onDied: (unanswered, end) => this.#onDied(server, unanswered, end),
    });
    for (let i = 0; i < this.#holds; i++) server.hold();
    return server;
  }

  #again(order: ForkOrder): void {
    this.#waiting.push(order);
    this.#pump();
  }

  #onRefused(refusal: Refusal, unanswered: ForkOrder[]): void {
    this.#server = undefined;
    const orders = [...unanswered, ...this.#waiting.takeAll()];
    if (refusal.kind === 'unfit') {
      this.#giveUp(refusal.reason, orders);
      return;
    }
    // Asked again, it tries again: the module may have been mended.
    for (const order of orders) order.fail(preloadFailed(refusal));
  }

  #onDied(server: ForkServer, unanswered: ForkOrder[], { how, wasKilled, isStalled }: ServerEnd): void {
    this.#server = undefined;
    this.#deathsInARow = server.hasServed ? 0 : this.#deathsInARow + 1;
    const again = unanswered.filter((order) => {
      if (order.request.place.renew()) return true;
      server.adopt(order);
      return false;
    });
    const orders = [...again, ...this.#waiting.takeAll()];
    if (isStalled || this.#deathsInARow >= (wasKilled ? mostKillsInARow : mostDeathsInARow)) {
      this.#giveUp(
        `the fork server ended ${this.#deathsInARow} times before it could serve, the last time with ${how}${limitsOfStart()}`,
        orders,
      );
      return;
    }
    for (const order of orders) this.#waiting.push(order);
    this.#pumpAfter(
      this.#deathsInARow === 0 ? 0 : Math.min(mostRestartMs, restartMs * 4 ** (this.#deathsInARow - 1)),
    );
  }

  // Where servers die at once, this process may be about to: its lifeline takes both.
  #pumpAfter(ms: number): void {
    if (ms === 0) {
      this.#pump();
      return;
    }
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.#pump();
    }, ms);
    if (this.#holds === 0) this.#pause.unref();
  }

  #giveUp(reason: string, orders: ForkOrder[]): void {
    this.#isUnfit = true;
    this.#onUnfit(reason);
    for (const order of orders) {
      try {
        const launch = spawnMethod.launch(order.plainRequest);
        Promise.resolve(launch.launched).then(
          (process) => order.fulfil(process),
          (error: unknown) => order.fail(error),
        );
      } catch (error) {
        order.fail(error);
      }
    }
  }
}
