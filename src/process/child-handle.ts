// The parent's hold on one child: reserves its slot, starts it, hears it, learns of its end, sweeps what it left.
// Process and the pool's workers are built on it; what they say to their child is theirs.
import { type Channel, sweepPeer } from '../channel/channel.js';
import type { RingReader } from '../channel/ring-reader.js';
import { member } from '../family/membership.js';
import { sweepOrphans } from '../family/orphans.js';
import type { SlotId } from '../native/contract.js';
import { renamePath } from '../serialize/rename-path.js';
import { ownAuthkey } from './authkey.js';
import { type BootMessage, bootMessageType } from './bootstrap.js';
import type { ExitStatus } from './exit-status.js';
import { ownIdentity } from './identity.js';
import type { ResolvedProcessOptions } from './options.js';
import { Place } from './place.js';
import { startMethods } from './start-method/methods.js';
import { inheritedExecArgv } from './start-method/node-flags.js';
import type { Launch, Launched, ParentStreams } from './start-method/start-method.js';

/** What the owner of a handle is told, in this order. Never before `start` has returned. */
export interface ChildEvents {
  /** Joined, scheduled, about to run its main module. */
  onStarted(): void;
  /** Never ran its main module: the system refused, or the child could not do as it was told. */
  onStartFailed(error: unknown): void;
  /** A message of the main module; `reader` stands at it. */
  onMessage(reader: RingReader): void;
  /** Everything that had arrived was told. */
  onDrained(): void;
  /** Dead and reaped; everything that it published was delivered before. */
  onEnded(status: ExitStatus): void;
  /** Its slot is swept: what is still in its rings may be taken back. The channel is closed after this. */
  onSwept(): void;
}

const sweepAgainMs = 5;

export class ChildHandle {
  readonly #place: Place;
  readonly #options: ResolvedProcessOptions;
  readonly #events: ChildEvents;
  #launch: Launch | undefined;
  #launched: Launched | undefined;
  #ended = false;
  #keepsAlive: boolean;
  #holds = 0;
  /** A signal sent before there was a process. */
  #pendingSignal = 0;

  /** Reserves what the child needs. Throws `ResourceError` if the family has no slot or memory left. */
  constructor(options: ResolvedProcessOptions, events: ChildEvents) {
    this.#options = options;
    this.#events = events;
    this.#keepsAlive = !options.daemon;
    this.#place = new Place();
  }

  get slot(): SlotId {
    return this.#place.slot;
  }

  get channel(): Channel {
    return this.#place.channel;
  }

  get pid(): number | null {
    return this.#launched?.pid ?? null;
  }

  get stdio(): ParentStreams {
    const { stdin = null, stdout = null, stderr = null } = this.#launch ?? {};
    return { stdin, stdout, stderr };
  }

  /**
   * Starts the child with `main` as its main module. `values`: what it can decode when it has imported the modules of `payload`;
   * undefined: nothing. Throws if it cannot be encoded: nothing was started.
   */
  start(main: URL, payload: unknown, values: object | undefined): void {
    const boot: BootMessage = {
      main: main.href,
      payload,
      identity: { name: this.#options.name, pid: 0, daemon: this.#options.daemon },
      parent: { ...ownIdentity(), pid: process.pid },
      authkey: new Uint8Array(this.#options.authkey ?? ownAuthkey()),
      scheduling: this.#options.scheduling,
      argv: process.argv.slice(1),
      program: {
        env: this.#options.env,
        execArgv: this.#options.execArgv ?? inheritedExecArgv(),
      },
      readByParent: [1, 2].filter((fd) => this.#options.stdio[fd] === 'pipe'),
      preload: this.#options.preload,
    };
    try {
      this.channel.send({ type: bootMessageType.boot, id: 0, extra: 0 }, boot);
      if (values !== undefined) this.channel.send({ type: bootMessageType.values, id: 0, extra: 0 }, values);
      // What the owner sends behind it may be taken back even before the child has read it.
      this.channel.unbegun.concede();
    } catch (error) {
      this.#abandon();
      throw renamePath(error, (path) => path.replace(/^payload\./, ''));
    }
    this.#begin();
  }

  /** Sends a signal to the process; to one that is being started, as soon as it exists. */
  signal(signal: number): void {
    if (this.#ended) return;
    if (this.#launched !== undefined) this.#launched.kill(signal);
    else if (this.#pendingSignal !== 9) this.#pendingSignal = signal;
  }

  /** Whether the process by itself keeps the program alive. */
  keepAlive(keepsAlive: boolean): void {
    this.#keepsAlive = keepsAlive;
    this.#applyKeepAlive();
  }

  /** Keeps the program alive while somebody waits for this child. */
  async holdUntil(promise: Promise<unknown>): Promise<void> {
    this.#holds++;
    this.#applyKeepAlive();
    await promise.catch(() => {});
    this.#holds--;
    this.#applyKeepAlive();
  }

  #applyKeepAlive(): void {
    if (this.#keepsAlive || this.#holds > 0) this.#launch?.ref();
    else this.#launch?.unref();
  }

  #begin(): void {
    const { startMethod, stdio, env, cwd, execArgv, preload } = this.#options;
    try {
      const request = { place: this.#place, stdio, env, cwd, execArgv, preload };
      this.#launch = startMethods[startMethod].launch(request);
    } catch (error) {
      this.#abandon();
      throw error;
    }
    const { launched } = this.#launch;
    this.#applyKeepAlive();
    if (!(launched instanceof Promise)) {
      this.#onLaunched(launched);
      return;
    }
    launched.then(
      (later) => this.#onLaunched(later),
      (error: unknown) => {
        this.#ended = true;
        this.#place.cancel();
        // What was sent can still be taken back.
        this.#events.onStartFailed(error);
        this.channel.close();
      },
    );
  }

  #onLaunched(launched: Launched): void {
    this.#launched = launched;
    member().addon.addChild(launched.pid);
    // Not before: whoever is told of the child may ask for its pid.
    this.channel.listen({
      onMessage: (reader) => this.#onMessage(reader),
      onDrained: () => this.#events.onDrained(),
      onCorrupt: () => this.signal(9),
    });
    if (this.#pendingSignal !== 0) launched.kill(this.#pendingSignal);
    launched.onExit((status) => this.#onExit(status));
  }

  #onMessage(reader: RingReader): void {
    switch (reader.type) {
      case bootMessageType.started:
        return this.#events.onStarted();
      case bootMessageType.failed:
        return this.#events.onStartFailed(reader.decode());
      default:
        return this.#events.onMessage(reader);
    }
  }

  #onExit(status: ExitStatus): void {
    this.#ended = true;
    member().addon.forgetChild(this.#launched?.pid ?? 0);
    this.channel.drain();
    this.#events.onEnded(status);
    this.#sweep();
  }

  // Usually at once. Somebody else may be at it, and may be stopped in the middle: then what hangs on it waits too.
  #sweep(): void {
    if (!sweepPeer(this.slot)) {
      setTimeout(() => this.#sweep(), sweepAgainMs);
      return;
    }
    this.#events.onSwept();
    this.channel.close();
    sweepOrphans();
  }

  #abandon(): void {
    this.#ended = true;
    this.#place.cancel();
    this.channel.close();
  }
}
