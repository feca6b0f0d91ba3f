// Workers that are processes: a child with the worker loop as its main module, its tasks and results in two rings.
import type { Channel } from '../channel/channel.js';
import type { RingReader } from '../channel/ring-reader.js';
import type { EncodedMessage, RecordHead } from '../channel/ring-writer.js';
import { ChildHandle } from '../process/child-handle.js';
import type { PoolBackend, PoolWorker, UnstartedTask, WorkerEvents, WorkerOptions } from './backend.js';
import { resultMessageType, taskMessageType, type WorkerPayload } from './messages.js';
import type { ResolvedPoolOptions } from './options.js';

export function processBackend(options: ResolvedPoolOptions): PoolBackend {
  return { start: (worker, events) => new ProcessWorker(options, worker, events) };
}

class ProcessWorker implements PoolWorker {
  readonly name: string;
  readonly #child: ChildHandle;
  readonly #channel: Channel;
  readonly #head: number;
  readonly #meanTaskUs: number;
  readonly #busyMs: number;

  constructor(options: ResolvedPoolOptions, worker: WorkerOptions, events: WorkerEvents) {
    this.name = worker.name;
    this.#child = new ChildHandle(
      {
        name: worker.name,
        daemon: true,
        scheduling: options.scheduling[worker.index] ?? {},
        env: options.env,
        cwd: undefined,
        stdio: ['ignore', 'inherit', 'inherit'],
        execArgv: undefined,
      },
      {
        onStarted: () => {},
        onStartFailed: events.onStartFailed,
        onMessage: (reader) => deliver(reader, events),
        onDrained: events.onDrained,
        onEnded: events.onEnded,
        onSwept: () => events.onReclaimed(this.#reclaim()),
      },
    );
    this.#channel = this.#child.channel;
    const { constants } = this.#channel;
    this.#head = constants.ringHead;
    this.#meanTaskUs = constants.ringMeanTaskUs;
    this.#busyMs = constants.ringBusyMs;
    const { concurrency, initializer, initargs } = options;
    const payload: WorkerPayload = { concurrency, initializer, initargs };
    this.#child.start(new URL('./worker-loop.js', import.meta.url), payload);
  }

  get pid(): number | null {
    return this.#child.pid;
  }

  get meanTaskUs(): number {
    return Atomics.load(this.#channel.outWords, this.#meanTaskUs);
  }

  get busyMs(): number {
    return Atomics.load(this.#channel.outWords, this.#busyMs) >>> 0;
  }

  get hasRoom(): boolean {
    return this.#channel.backlog === 0;
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

  send(head: RecordHead, value: unknown): void {
    this.#channel.send(head, value);
  }

  get mark(): number {
    return this.#channel.writer.position;
  }

  // The worker moves the head past a task when it begins it. Positions wrap at 2^32.
  hasBegun(mark: number): boolean {
    return (Atomics.load(this.#channel.outWords, this.#head) - mark) >> 0 >= 0;
  }

  signal(signal: number): void {
    this.#child.signal(signal);
  }

  #reclaim(): UnstartedTask[] {
    const unstarted: UnstartedTask[] = [];
    const reader = this.#channel.readerOfSent();
    while (hasReadableRecord(reader)) {
      const { type, id, extra } = reader;
      const isTask = type >= taskMessageType.apply && type <= taskMessageType.starmap;
      // Null: it died while it took the arguments, and some of their shared memory went with it.
      const message = isTask ? reader.detach() : null;
      if (message !== null) unstarted.push({ id, type, taskNumber: extra, message });
      reader.advance();
    }
    return unstarted;
  }
}

// A worker that scribbled over its own ring leaves records that nobody can read: they are lost with it.
function hasReadableRecord(reader: RingReader): boolean {
  try {
    return reader.next();
  } catch {
    return false;
  }
}

function deliver(reader: RingReader, events: WorkerEvents): void {
  if (reader.type === resultMessageType.ready) events.onReady();
  else events.onResult(reader.type, reader.id, () => reader.decode());
}
