// Gives tasks to workers and results to those who asked. Knows nothing of starting or replacing workers
// (supervisor.ts), nor of how results are collected (results/).

import type { EncodedMessage } from '../channel/ring-writer.js';
import { WorkerLostError } from '../errors.js';
import { describeExit, type ExitStatus, exitCodeOf } from '../process/exit-status.js';
import { itemPath, renamePath } from '../serialize/rename-path.js';
import type { TaskReference } from '../task/reference.js';
import { Fifo } from '../util/fifo.js';
import type { UnstartedTask } from './backend.js';
import { Balancer } from './balancer.js';
import type { Chunk, Feed, ResultSink, TaskEntry } from './calls.js';
import { Crew, type CrewMember } from './crew.js';
import { type ChunkFailure, resultMessageType, taskMessageType } from './messages.js';
import { TaskTable } from './task-table.js';

/** A task that waits for a worker, encoded. */
interface Waiting {
  readonly entry: TaskEntry;
  readonly message: EncodedMessage;
}

export interface DispatcherHooks {
  /** Encodes a value for later. Throws if it cannot be encoded. */
  encode(value: unknown): EncodedMessage;
  /** Gives an encoded message up that will not be sent. */
  discard(message: EncodedMessage): void;
  /** `isAwaited` or `isDone` may have changed. */
  onProgress(): void;
}

export class Dispatcher {
  readonly crew: Crew;
  readonly #hooks: DispatcherHooks;
  readonly #balancer: Balancer;
  readonly #table = new TaskTable();
  readonly #numbers = new Map<string, number>();
  readonly #numberOfReference = new WeakMap<TaskReference, number>();
  readonly #references: TaskReference[] = [];
  readonly #feeds = new Set<Feed>();
  readonly #backlog = new Fifo<Waiting>();
  completed = 0;
  failed = 0;
  lost = 0;

  constructor(concurrency: number, hooks: DispatcherHooks) {
    this.crew = new Crew(concurrency);
    this.#balancer = new Balancer(this.crew, (member, most) => {
      this.#takeBack(member, most);
    });
    this.#hooks = hooks;
  }

  /** Whether somebody waits for anything. */
  get isAwaited(): boolean {
    if (this.#table.size > 0) return true;
    for (const feed of this.#feeds) if (feed.isAwaited) return true;
    return false;
  }

  /** Whether everything that was accepted is done. */
  get isDone(): boolean {
    return this.#table.size === 0 && this.#feeds.size === 0;
  }

  get unsettled(): number {
    return this.#table.size;
  }

  get waiting(): number {
    return this.#backlog.length;
  }

  /** The number by which workers know this task. */
  numberOf(reference: TaskReference): number {
    const known = this.#numberOfReference.get(reference);
    if (known !== undefined) return known;
    const key = `${reference.module}\n${reference.name}`;
    const number = this.#numbers.get(key) ?? this.#references.push(reference) - 1;
    this.#numbers.set(key, number);
    this.#numberOfReference.set(reference, number);
    return number;
  }

  /** One task, now or when a worker is free. Throws, with nothing done, if the value cannot be encoded. */
  submit(chunk: Chunk, sink: ResultSink): void {
    const entry = this.#table.add(sink, chunk);
    try {
      const member = this.waiting === 0 ? this.crew.pick() : undefined;
      const unsent =
        member === undefined ? this.#hooks.encode(chunk.value) : this.#give(member, entry, chunk.value);
      if (unsent !== null) this.#backlog.push({ entry, message: unsent });
    } catch (error) {
      this.#table.delete(entry);
      throw unsendable(error, chunk);
    }
    this.#hooks.onProgress();
  }

  /** A source of tasks, drawn from as workers become free. */
  addFeed(feed: Feed): void {
    this.#feeds.add(feed);
    this.pump();
  }

  /** Gives out what can be given out: what waits first, then the feeds in turn. */
  pump(): void {
    while (this.waiting > 0) {
      const member = this.crew.pick();
      if (member === undefined || !this.#giveWaiting(member)) break;
    }
    for (let progress = this.waiting === 0; progress; ) {
      progress = false;
      for (const feed of this.#feeds) progress = this.#pumpFeed(feed) || progress;
    }
    if (this.waiting === 0) this.#balancer.watch();
    this.#hooks.onProgress();
  }

  /** A message from a worker. */
  settle(member: CrewMember, result: { type: number; id: number; read: () => unknown }): void {
    const entry = this.#table.get(result.id);
    if (entry === undefined || entry.worker !== member.index) return;
    this.#table.delete(entry);
    this.crew.giveBack(member);
    member.completed++;
    let value: unknown;
    try {
      value = result.read();
    } catch (error) {
      this.failed++;
      entry.sink.onFailure(entry.index, error);
      return;
    }
    this.#deliver(entry, result.type, value);
  }

  /** The worker is dead and its results are settled: what it had begun is lost. The rest waits for `reclaim`. */
  loseBegun(member: CrewMember, status: ExitStatus): void {
    this.crew.remove(member.index);
    for (const entry of this.#table.ofWorker(member.index)) {
      if (!member.worker.hasBegun(entry.mark)) continue;
      this.#table.delete(entry);
      this.lost++;
      entry.sink.onFailure(entry.index, this.#lostError(member, entry, status));
    }
    this.#hooks.onProgress();
  }

  /** What a dead worker had not begun goes to the others, before all that waits. */
  reclaim(member: CrewMember, unstarted: UnstartedTask[], status: ExitStatus): void {
    this.#putBack(member, unstarted);
    // Given to it and not in its ring any more: it died while it took the arguments, or broke its own ring.
    for (const entry of this.#table.ofWorker(member.index)) {
      this.#table.delete(entry);
      this.lost++;
      entry.sink.onFailure(entry.index, this.#lostError(member, entry, status));
    }
    this.pump();
  }

  // From a worker that lives. What tells it of a task may be among what was taken, while tasks behind that are still
  // its own: it is told again, and keeps tasks that it does not know until then.
  #takeBack(member: CrewMember, most: number): void {
    const unstarted = member.worker.takeBack(most);
    this.#putBack(member, unstarted);
    for (const { type, taskNumber } of unstarted) {
      if (type === taskMessageType.define) this.#tell(member, taskNumber);
    }
    this.pump();
  }

  #putBack(member: CrewMember, unstarted: UnstartedTask[]): void {
    const again: Waiting[] = [];
    for (const { id, type, message } of unstarted) {
      const entry = this.#table.get(id);
      if (type < taskMessageType.apply || entry === undefined || entry.worker !== member.index) {
        this.#hooks.discard(message);
        continue;
      }
      entry.worker = -1;
      this.crew.giveBack(member);
      again.push({ entry, message });
    }
    this.#backlog.unshift(again);
  }

  /** Settles everything with the same error: nothing stays pending. */
  failAll(error: unknown): void {
    for (const { message } of this.#backlog.takeAll()) this.#hooks.discard(message);
    const entries = this.#table.all();
    for (const entry of entries) this.#table.delete(entry);
    for (const entry of entries) entry.sink.onFailure(entry.index, error);
    for (const feed of [...this.#feeds]) {
      this.#feeds.delete(feed);
      feed.onFailure(-1, error);
    }
    this.#hooks.onProgress();
  }

  #deliver(entry: TaskEntry, type: number, value: unknown): void {
    if (type === resultMessageType.result) {
      this.completed++;
      entry.sink.onResult(entry.index, value);
      return;
    }
    this.failed++;
    if (type === resultMessageType.chunkFailure) {
      const { values, error } = value as ChunkFailure;
      entry.sink.onChunkFailure(entry.index, values, error);
    } else {
      entry.sink.onFailure(entry.index, value);
    }
  }

  #give(member: CrewMember, entry: TaskEntry, value: unknown): EncodedMessage | null {
    if (!this.#define(member, entry.taskNumber)) return this.#hooks.encode(value);
    const { worker } = member;
    const unsent = worker.give({ type: entry.type, id: entry.id, extra: entry.taskNumber }, value);
    if (unsent === null) this.#hold(member, entry);
    return unsent;
  }

  #giveWaiting(member: CrewMember): boolean {
    const { entry, message } = this.#backlog.peek() as Waiting;
    if (!this.#define(member, entry.taskNumber)) return false;
    const head = { type: entry.type, id: entry.id, extra: entry.taskNumber };
    if (!member.worker.giveEncoded(head, message)) return false;
    this.#hold(member, entry);
    this.#backlog.shift();
    return true;
  }

  // True if the feed gave a chunk to a worker.
  #pumpFeed(feed: Feed): boolean {
    const member = this.waiting === 0 ? this.crew.pick() : undefined;
    const chunk = member === undefined ? null : feed.next();
    if (feed.isExhausted) this.#feeds.delete(feed);
    if (chunk === null || member === undefined) return false;
    const entry = this.#table.add(feed, chunk);
    try {
      const unsent = this.#give(member, entry, chunk.value);
      if (unsent !== null) this.#backlog.push({ entry, message: unsent });
    } catch (error) {
      this.#table.delete(entry);
      feed.onFailure(chunk.index, unsendable(error, chunk));
    }
    return true;
  }

  // A worker is told once what a number stands for. False: it has no room just now.
  #define(member: CrewMember, taskNumber: number): boolean {
    if (member.defined.has(taskNumber)) return true;
    member.defined.add(taskNumber);
    this.#tell(member, taskNumber);
    return member.worker.hasRoom;
  }

  #tell(member: CrewMember, taskNumber: number): void {
    const head = { type: taskMessageType.define, id: 0, extra: taskNumber };
    member.worker.send(head, this.#references[taskNumber]);
  }

  #hold(member: CrewMember, entry: TaskEntry): void {
    entry.worker = member.index;
    entry.mark = member.worker.mark;
    this.crew.take(member);
  }

  #lostError(member: CrewMember, entry: TaskEntry, status: ExitStatus): WorkerLostError {
    const { pid, name } = member.worker;
    const reference = this.#references[entry.taskNumber] as TaskReference;
    return new WorkerLostError(
      `The worker ${name} (pid ${pid}) ended with ${describeExit(status)} while it ran ${reference.name}. ` +
        'Its other tasks go on; this one is not run again, since it may have had effects.',
      {
        pid,
        exitCode: exitCodeOf(status),
        signal: status.signal,
        task: `${reference.module}#${reference.name}`,
      },
    );
  }
}

// The codec saw one array; the user knows arguments and items.
function unsendable(error: unknown, { type, firstItem }: Chunk): unknown {
  return renamePath(error, (path) => {
    if (type === taskMessageType.apply) return `args${path}`;
    return itemPath(path, type === taskMessageType.starmap ? 'argLists' : 'items', firstItem);
  });
}
