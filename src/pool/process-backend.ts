// Workers that are processes: a child with the worker loop as its main module, its tasks and results in two rings.

import type { Channel } from '../channel/channel.js';
import type { RingReader } from '../channel/ring-reader.js';
import type { EncodedMessage, RecordHead } from '../channel/ring-writer.js';
import { member } from '../family/membership.js';
import { moduleUrl } from '../location.js';
import type { AddonConstants } from '../native/contract.js';
import { ChildHandle } from '../process/child-handle.js';
import { killGroupOf } from '../process/killed-group.js';
import type { PoolBackend, PoolWorker, UnstartedTask, WorkerEvents, WorkerOptions } from './backend.js';
import { resultMessageType, type WorkerPayload, type WorkerValues } from './messages.js';
import type { ResolvedPoolOptions } from './options.js';

export function processBackend(options: ResolvedPoolOptions): PoolBackend {
  return { start: (worker, events) => new ProcessWorker(options, worker, events) };
}

class ProcessWorker implements PoolWorker {
  readonly name: string;
  readonly #child: ChildHandle;
  readonly #channel: Channel;
  readonly #constants: AddonConstants;

  constructor(options: ResolvedPoolOptions, worker: WorkerOptions, events: WorkerEvents) {
    this.name = worker.name;
    this.#child = new ChildHandle(
      {
        name: worker.name,
        daemon: true,
        scheduling: options.scheduling[worker.index] ?? {},
        env: options.env,
        cwd: undefined,
        stdio: ['ignore', options.stdout === 'stderr' ? 2 : 'inherit', 'inherit'],
        execArgv: undefined,
        startMethod: options.startMethod,
        preload: options.preload,
      },
      {
        onStarted: () => {},
        onStartFailed: events.onStartFailed,
        onMessage: (reader) => deliver(reader, events),
        onDrained: events.onDrained,
        onEnded: (status) => {
          if (this.pid !== null) killGroupOf(this.pid, status);
          events.onEnded(status);
        },
        onSwept: () => events.onReclaimed(this.takeBack(Infinity)),
      },
    );
    this.#channel = this.#child.channel;
    this.#constants = this.#channel.constants;
    const { concurrency, spin, initializer, initargs } = options;
    const payload: WorkerPayload = { concurrency, spin, initializer };
    const values: WorkerValues | undefined = initializer && { initargs };
    this.#child.start(moduleUrl('pool/worker-loop.js'), payload, values);
  }

  get pid(): number | null {
    return this.#child.pid;
  }

  get meanTaskUs(): number {
    return this.#word(this.#constants.ringMeanTaskUs);
  }

  get busyMs(): number {
    return this.#word(this.#constants.ringBusyMs) >>> 0;
  }

  get runningTask(): number {
    return this.#word(this.#constants.ringRunningTask) - 1;
  }

  get runningItem(): number {
    return this.#word(this.#constants.ringRunningItem);
  }

  get itemsBegun(): number {
    return this.#word(this.#constants.ringItemsBegun);
  }

  get hasRoom(): boolean {
    return !this.#channel.isFull;
  }

  give(head: RecordHead, value: unknown): EncodedMessage | null {
    const unsent = this.#channel.writer.write(head, value);
    if (unsent === null) this.#channel.wakePeer();
    return unsent;
  }

  giveEncoded(head: RecordHead, message: EncodedMessage): boolean {
    const given = this.#channel.writer.writeEncoded(head, message);
    if (given) this.#channel.wakePeer();
    return given;
  }

  wantRoom(message: EncodedMessage): boolean {
    return this.#channel.wantRoom(message);
  }

  send(head: RecordHead, value: unknown): void {
    this.#channel.send(head, value);
  }

  get mark(): number {
    return this.#channel.writer.position;
  }

  get progress(): number {
    return this.#channel.unbegun.begun;
  }

  // Positions wrap at 2^32.
  hasBegun(mark: number): boolean {
    return (this.progress - mark) >> 0 >= 0;
  }

  takeBack(most: number): UnstartedTask[] {
    const unstarted: UnstartedTask[] = [];
    while (unstarted.length < most) {
      const record = this.#channel.unbegun.take();
      if (record === null) break;
      const { type, id, extra, message } = record;
      unstarted.push({ id, type, taskNumber: extra, message });
    }
    return unstarted;
  }

  signal(signal: number): void {
    this.#child.signal(signal);
  }

  probe(): () => boolean {
    return member().bell.others.probe(this.#child.slot.index);
  }

  #word(index: number): number {
    return Atomics.load(this.#channel.outWords, index);
  }
}

function deliver(reader: RingReader, events: WorkerEvents): void {
  if (reader.type === resultMessageType.ready) events.onReady();
  else if (reader.type === resultMessageType.initializerFailed) events.onInitializerFailed(reader.decode());
  else if (reader.type === resultMessageType.imported) events.onImported(reader.id);
  else events.onResult(reader);
}
