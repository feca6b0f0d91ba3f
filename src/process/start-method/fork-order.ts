// A start that is asked of fork servers: from the call to the answer, across the deaths of servers.
import { closeSync, openSync } from 'node:fs';
import { member } from '../../family/membership.js';
import { type Settleable, settleable } from '../../util/settleable.js';
import type { Launch, Launched, LaunchRequest } from './start-method.js';
import { type ChildStreams, openEntries } from './streams.js';

// O_PATH and O_DIRECTORY of open(2): enough to go there, even where reading is forbidden. Node has no name for the first.
const pathOnly = 0o10200000;

/** What an order needs of who handles it. */
export interface OrderDesk {
  /** Keep the event loop alive for one more pending order, or for one less. */
  hold(): void;
  letGo(): void;
}

export class ForkOrder {
  readonly request: LaunchRequest;
  readonly #streams: ChildStreams;
  readonly #desk: OrderDesk;
  readonly #launched: Settleable<Launched> = settleable();
  /** Who is, or was asked to be, its child. */
  #process: Launched | undefined;
  #isPending = true;
  #hasAskedSpare = false;
  #keepsAlive = false;

  constructor(request: LaunchRequest, streams: ChildStreams, desk: OrderDesk) {
    this.request = request;
    this.#streams = streams;
    this.#desk = desk;
  }

  /** What the caller has of it. */
  get launch(): Launch {
    const { stdin, stdout, stderr } = this.#streams;
    return {
      stdin,
      stdout,
      stderr,
      launched: this.#launched.promise,
      ref: () => this.#keepAlive(true),
      unref: () => this.#keepAlive(false),
    };
  }

  /** Asks the server at `control`. False: it has too much to do. Throws what the system says. */
  askServer(control: number, id: number): boolean {
    return this.#ask(control, id, 0);
  }

  /** Asks the spare `pid` at `socket`. False: it is gone. Throws what the system says. */
  askSpare(socket: number, pid: number): boolean {
    this.#hasAskedSpare = this.#ask(socket, 0, pid);
    return this.#hasAskedSpare;
  }

  get hasAskedSpare(): boolean {
    return this.#hasAskedSpare;
  }

  isClaimedBy(pid: number): boolean {
    return this.request.place.claimedBy === pid;
  }

  #ask(socket: number, id: number, spare: number): boolean {
    const { addon } = member();
    const { place, cwd } = this.request;
    const toClose: number[] = [];
    let lifelines: number[] = [];
    try {
      const directory = openSync(cwd ?? '.', pathOnly);
      toClose.push(directory);
      const { fds, opened } = openEntries(this.#streams.entries);
      toClose.push(...opened);
      lifelines = addon.descriptors().slice(2);
      const all = [...fds, directory, ...lifelines];
      return addon.requestFork(socket, id, all, process.umask(), JSON.stringify(place.address), spare);
    } finally {
      for (const fd of toClose) closeSync(fd);
      addon.armLifelines(lifelines, 0);
    }
  }

  /** Whose stdio is given by descriptors alone, for another start method. */
  get plainRequest(): LaunchRequest {
    return { ...this.request, stdio: this.#streams.entries };
  }

  /** Who was asked to be its child, and may be it already; nobody any more. Its end is waited for like an answer. */
  expect(process: Launched | undefined): void {
    this.#process?.unref();
    this.#process = process;
    this.#applyKeepAlive();
  }

  fulfil(process: Launched): void {
    if (!this.#isPending) return;
    this.#process = process;
    process.onExit(() => this.#streams.onExit());
    // It may have been spawned after all, and then it would keep the program alive by itself.
    this.#applyKeepAlive();
    this.#settle();
    this.#launched.resolve(process);
  }

  fail(error: unknown): void {
    if (!this.#isPending) return;
    this.#settle();
    this.#launched.reject(error);
  }

  #settle(): void {
    this.#isPending = false;
    this.#streams.close();
    if (this.#keepsAlive) this.#desk.letGo();
  }

  #keepAlive(keepsAlive: boolean): void {
    if (keepsAlive === this.#keepsAlive) return;
    this.#keepsAlive = keepsAlive;
    this.#applyKeepAlive();
    if (!this.#isPending) return;
    if (keepsAlive) this.#desk.hold();
    else this.#desk.letGo();
  }

  #applyKeepAlive(): void {
    if (this.#keepsAlive) this.#process?.ref();
    else this.#process?.unref();
  }
}
