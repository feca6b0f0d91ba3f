// The main module of a pool's worker: takes tasks from its ring, runs them, writes their results into the other.
// The pool's half is process-backend.ts; a chunk's items are run by run-chunk.ts.
import type { Channel } from '../channel/channel.js';
import type { BellSource } from '../family/bell.js';
import { member } from '../family/membership.js';
import type { Identity } from '../process/bootstrap.js';
import type { ChildContext } from '../process/child.js';
import { currentProcess } from '../process/current-process.js';
import { parentIdentity } from '../process/identity.js';
import { finishAllTaken } from '../queue/in-hand.js';
import { markRemote } from '../serialize/remote-stack.js';
import { renamePath } from '../serialize/rename-path.js';
import { hasStandIns, importStandIns, type TaskReference } from '../task/reference.js';
import { importFailed, resolveTask } from '../task/resolve.js';
import { isThenable } from '../util/is-thenable.js';
import { Announcer } from './announcer.js';
import { contexts, runClean, watchContexts, whenContextsAreUsed } from './clean-context.js';
import { beginTask, endTask, publishItems } from './current-item.js';
import { initialize } from './initialize.js';
import { type KnownTask, KnownTasks, openTaken, type TakenTask, type TaskFunction } from './known-tasks.js';
import { isTask, resultMessageType, taskMessageType, type WorkerPayload } from './messages.js';
import { orProcessEnd } from './process-end.js';
import { type ChunkOutcome, runChunk } from './run-chunk.js';
import { WorkMeter } from './work-meter.js';

// The event loop of the worker gets its turn at least so often.
const turnMs = 5;
export async function main({ channel, payload, takeValues }: ChildContext): Promise<void> {
  const { concurrency, spin, initializer } = payload as WorkerPayload;
  const { addon, bell } = member();
  bell.spin(spin);
  // What becomes of a worker is the pool's decision, also where a signal was sent to all processes of the program. What a
  // worker starts ends with it where it is killed.
  addon.heedOnly((parentIdentity() as Identity).pid);
  addon.leadGroup();
  watchContexts();
  if (initializer !== undefined && !(await initialize(channel, initializer, takeValues))) return;
  const worker = new WorkerLoop(channel, concurrency);
  channel.send({ type: resultMessageType.ready, id: 0, extra: 0 }, null);
  worker.start();
}

class WorkerLoop implements BellSource {
  readonly #channel: Channel;
  readonly #meter: WorkMeter;
  readonly #announcer: Announcer;
  readonly #concurrency: number;
  readonly #tasks = new KnownTasks();
  #active = 0;
  #closing = false;
  /** 0 at the end of a turn whose context a task has changed: nothing more is done in it. */
  #turnMs = turnMs;

  constructor(channel: Channel, concurrency: number) {
    publishItems(channel);
    this.#channel = channel;
    this.#meter = new WorkMeter(channel);
    this.#announcer = new Announcer(channel, this.#meter);
    this.#concurrency = concurrency;
    this.#tasks.readInPassing(channel.reader);
  }

  start(): void {
    const { bell } = member();
    bell.hold();
    bell.turnBy(this.#turn);
    whenContextsAreUsed(() => {
      this.#turnMs = 0;
      bell.turnBy(this.#cleanTurn);
    });
    bell.add(this);
  }

  hasWork(): boolean {
    if (this.#channel.backlog > 0 && !this.#channel.flush()) return false;
    return (
      this.#active < this.#concurrency && (this.#tasks.told.length > 0 || this.#channel.reader.hasRecord())
    );
  }

  // Tasks are run by the turn alone: nobody's call into the bell is to find itself above a task.
  drain(): number {
    return 0;
  }

  // What is decoded and encoded runs functions of users, too.
  readonly #cleanTurn = (): void => {
    this.#turnMs = turnMs;
    runClean(this.#turn);
  };

  readonly #turn = (): void => {
    const { bell } = member();
    bell.begin();
    const start = performance.now();
    this.#meter.enter(start);
    let now = start;
    let finished = 0;
    let taken = 0;
    this.#announcer.begin(start);
    for (; this.#canTake(now - start); taken++) {
      const next = this.#next();
      // Called from here, not from a function of its own: what a task throws collects the stack, which costs by the frame.
      const run = next?.task.run;
      if (next !== undefined && run !== undefined) {
        const { id, value, type } = next;
        let result: unknown;
        let isPending = false;
        let failed = false;
        beginTask(id);
        try {
          if (type !== taskMessageType.apply) result = this.#runChunk(run, next);
          else result = contexts.areUsed ? runClean(run, ...value) : run(...value);
          isPending = isThenable(result);
        } catch (error) {
          failed = true;
          result = error;
        }
        if (isPending) this.#goOn(next, type === taskMessageType.apply ? 1 : this.#concurrency, result);
        else finished += failed ? this.#fail(next, result) : this.#finish(next, result);
      } else if (next !== undefined) {
        this.#prepare(next);
      }
      now = performance.now();
      this.#announcer.after(finished, now);
    }
    if (finished > 0) this.#meter.sample(now - start, finished);
    this.#meter.leave(now);
    this.#channel.wakePeerNow();
    if (this.#closing && this.#active === 0 && this.#channel.flush()) process.exit();
    bell.end(taken);
  };

  #canTake(elapsedMs: number): boolean {
    if (this.#active >= this.#concurrency || !this.#channel.flush() || elapsedMs >= this.#turnMs)
      return false;
    return this.#tasks.told.length > 0 || this.#channel.reader.next();
  }

  // Undefined: something else was taken and done.
  #next(): TakenTask | undefined {
    const { reader } = this.#channel;
    const told = this.#tasks.told.shift();
    if (told !== undefined) {
      this.#prepare(told);
      return undefined;
    }
    if (reader.claim()) return this.#takeRecord();
    // The pool has taken it back, for an idle worker.
    if (reader.isAwaited) this.#channel.wakePeerNow();
    return undefined;
  }

  // The task in the record that the reader stands at; undefined if it was something else, and is done.
  #takeRecord(): TakenTask | undefined {
    const { reader } = this.#channel;
    const { type, id, extra } = reader;
    const task = isTask(type) ? this.#tasks.of(extra) : undefined;
    if (task !== undefined && task.run === undefined) return this.#detach(task);
    let value: unknown;
    let unreadable: { readonly reason: unknown } | undefined;
    try {
      value = reader.decode();
    } catch (reason) {
      unreadable = { reason };
    }
    // Its room is given back before the task runs, however long that takes.
    if (reader.advance()) this.#channel.wakePeerNow();
    if (unreadable !== undefined) this.#report(resultMessageType.failure, id, unreadable.reason);
    else if (type === taskMessageType.define) this.#tasks.learn(extra, value as TaskReference);
    else if (type === taskMessageType.close) this.#closing = true;
    else if (task !== undefined) {
      const taken = { type, id, task, value: value as unknown[], message: undefined };
      if (!hasStandIns()) return taken;
      const pending = runClean(() => this.#runAfterStandIns(taken));
      this.#goOn(taken, 1, pending);
    }
    return undefined;
  }

  #detach(task: KnownTask): TakenTask {
    const { reader } = this.#channel;
    const { type, id } = reader;
    const message = reader.detach();
    if (reader.advance()) this.#channel.wakePeerNow();
    return { type, id, task, value: [], message };
  }

  #prepare(taken: TakenTask): void {
    const { reference, early } = taken.task;
    if (reference === undefined) {
      early.push(taken);
      return;
    }
    const pending = runClean(() => this.#resolveAndRun(taken));
    this.#goOn(taken, 1, pending);
  }

  async #resolveAndRun(taken: TakenTask): Promise<unknown> {
    const { task } = taken;
    const run = await this.#import(taken);
    if (task.run === undefined) {
      task.run = run;
      this.#channel.post({ type: resultMessageType.imported, id: task.number, extra: 0 }, null);
      // The task may never let go of the event loop; its time limit counts from here.
      this.#channel.wakePeerNow();
    }
    openTaken(taken);
    return await this.#runAfterStandIns(taken);
  }

  // The modules of tasks among the arguments are imported before anybody calls these.
  async #runAfterStandIns(taken: TakenTask): Promise<unknown> {
    const { type, id, task, value } = taken;
    if (hasStandIns()) await importStandIns();
    const run = task.run as TaskFunction;
    beginTask(id);
    return await (type === taskMessageType.apply ? runClean(run, ...value) : this.#runChunk(run, taken));
  }

  // Meanwhile the wait for tasks does not keep the process: an import that waits for nothing would hang for ever, unheard.
  async #import(taken: TakenTask): Promise<TaskFunction> {
    const reference = taken.task.reference as TaskReference;
    const { bell } = member();
    bell.letGo();
    try {
      return (await orProcessEnd(resolveTask(reference), (reason) => {
        this.#fail(taken, importFailed(reference, { reason }));
        this.#channel.wakePeerNow();
      })) as TaskFunction;
    } finally {
      bell.hold();
    }
  }

  #runChunk(run: TaskFunction, { type, value }: TakenTask): unknown {
    const call = type === taskMessageType.starmap ? (args: unknown) => run(...(args as unknown[])) : run;
    return runChunk(call, value, this.#concurrency);
  }

  // An asynchronous chunk overlaps its own items, and has the worker to itself: that is its weight.
  #goOn(taken: TakenTask, weight: number, result: unknown): void {
    const began = performance.now();
    this.#active += weight;
    this.#meter.enter(began);
    const settle = (report: () => void): void => {
      this.#active -= weight;
      report();
      const now = performance.now();
      this.#meter.sample((now - began) / this.#concurrency, 1);
      this.#meter.leave(now);
      this.#channel.wakePeerNow();
      member().bell.onRing();
    };
    // Anybody's `then` may call back twice.
    Promise.resolve(result).then(
      (value) => settle(() => this.#finish(taken, value)),
      (error: unknown) => settle(() => this.#fail(taken, error)),
    );
  }

  #finish({ type, id }: TakenTask, result: unknown): number {
    if (type === taskMessageType.apply) return this.#report(resultMessageType.result, id, result);
    const { values, failure } = result as ChunkOutcome;
    if (failure === undefined) return this.#report(resultMessageType.result, id, values);
    markRemote(failure.error, currentProcess());
    return this.#report(resultMessageType.chunkFailure, id, failure);
  }

  #fail({ id }: TakenTask, error: unknown): number {
    markRemote(error, currentProcess());
    return this.#report(resultMessageType.failure, id, error);
  }

  // What cannot be encoded is reported as the failure of its task.
  #report(type: number, id: number, value: unknown): number {
    endTask(id);
    // Before anybody knows that the task is done: what it has taken of queues is not lost if this process dies later.
    if (this.#active === 0) finishAllTaken();
    try {
      this.#channel.post({ type, id, extra: 0 }, value);
    } catch (error) {
      const unsendable = renamePath(error, (path) => `result${path}`);
      this.#channel.post({ type: resultMessageType.failure, id, extra: 0 }, unsendable);
    }
    return 1;
  }
}
