// Process: Python's class, one child each. Starting and sweeping is child-handle.ts; what the child does, run-target.ts.
import { resolveWait, type WaitOptions } from '../options/wait-options.js';
import { assertNotBootstrapping } from '../task/importing.js';
import { referenceOf, type TaskReference } from '../task/reference.js';
import { resolveTask } from '../task/resolve.js';
import { localOnly } from '../util/local-only.js';
import { type Settleable, settleable } from '../util/settleable.js';
import { type Authkey, authkeyFrom, ownAuthkey, setOwnAuthkey } from './authkey.js';
import { ChildHandle } from './child-handle.js';
import { addChild, currentProcess, removeChild } from './current-process.js';
import { describeExit, type ExitStatus, endedEarly, exitCodeOf } from './exit-status.js';
import { ownIdentity } from './identity.js';
import {
  type ProcessOptions,
  type ResolvedProcessOptions,
  type ResolvedTarget,
  resolveProcessOptions,
} from './options.js';
import { type ProcessState, stateError } from './process-state.js';
import { Sentinel } from './sentinel.js';
import { settledWithin } from './settled-within.js';
import { settleBy, type TargetPayload, type TargetValues, targetMain } from './target-message.js';

const signalNumber = { interrupt: 2, kill: 9, terminate: 15 } as const;
let created = 0;

/**
 * A function running in a process of its own. `start()` returns at once; `result` is what the target returned, or
 * threw. Give a `target` that is a task, or subclass it with a `run()` and register the subclass by `task()`.
 * Python: `multiprocessing.Process`.
 */
export class Process<Args extends unknown[] = never[], Result = unknown> {
  readonly #options: ResolvedProcessOptions & ResolvedTarget;
  readonly #started: Settleable<void> = settleable();
  readonly #result: Settleable<Result> = settleable();
  readonly #ended: Settleable<void> = settleable();
  readonly #sentinel = new Sentinel();
  readonly #onAbort = (): void => this.terminate();
  #state: ProcessState = 'initial';
  #daemon: boolean;
  #child: ChildHandle | undefined;
  #status: ExitStatus | null = null;
  #authkey: Authkey | undefined;

  constructor(options: ProcessOptions<Args, Result> = {}) {
    const lineage = ownIdentity().name.match(/-(\d+(?::\d+)*)$/);
    const number = ++created;
    this.#options = resolveProcessOptions(options as unknown as ProcessOptions, {
      name: `${new.target.name}-${lineage === null ? '' : `${lineage[1]}:`}${number}`,
      daemon: ownIdentity().daemon,
    });
    this.#daemon = this.#options.daemon;
  }

  get name(): string {
    return this.#options.name;
  }

  get daemon(): boolean {
    return this.#daemon;
  }

  set daemon(value: boolean) {
    this.#require('daemon', this.#state === 'initial', 'set it before start()');
    this.#daemon = Boolean(value);
  }

  /** The secret that its connections may use: this process's, unless it is set before `start()`. It is not shown. */
  get authkey(): Authkey {
    return this.#authkey ?? ownAuthkey();
  }

  set authkey(bytes: ArrayBufferLike | ArrayBufferView) {
    this.#require('authkey', this.#state === 'initial', 'set it before start()');
    // The instance in the child, of a subclass.
    if ((currentProcess() as unknown) === this) setOwnAuthkey(bytes);
    else this.#authkey = authkeyFrom(bytes);
  }

  /** Null until `started` has resolved. */
  get pid(): number | null {
    this.#requireOpen('pid');
    return this.#child?.pid ?? null;
  }

  /** Null while it runs; 0 to 255, or the negative number of the signal that ended it. */
  get exitCode(): number | null {
    this.#requireOpen('exitCode');
    return this.#status === null ? null : exitCodeOf(this.#status);
  }

  /** How it ended; null while it runs. */
  get exitStatus(): ExitStatus | null {
    this.#requireOpen('exitStatus');
    return this.#status;
  }

  /** A descriptor that becomes readable when the process ends. Valid until `close()`, or as long as this object is. */
  get sentinel(): number {
    this.#requireOpen('sentinel');
    this.#require('sentinel', this.pid !== null, 'await started first');
    return this.#sentinel.get(this.pid as number);
  }

  /** Resolves when the process has a pid and is about to run its target; rejects if it could not be started. */
  get started(): Promise<void> {
    if (this.#isPending) void this.#child?.holdUntil(this.#started.promise);
    return this.#started.promise;
  }

  /** The target's return value, or its error; a `ProcessError` if it ended without either. Keeps the program alive. */
  get result(): Promise<Result> {
    if (this.#isPending) void this.#child?.holdUntil(this.#result.promise);
    return this.#result.promise;
  }

  get stdin() {
    return this.#child?.stdio.stdin ?? null;
  }

  get stdout() {
    return this.#child?.stdio.stdout ?? null;
  }

  get stderr() {
    return this.#child?.stdio.stderr ?? null;
  }

  /** @internal */
  get [localOnly](): string {
    return 'Process';
  }

  /** What the child runs; a subclass overrides it. Called here, it runs the target in this process, as in Python. */
  async run(): Promise<Result> {
    if (this.#options.target === undefined) return undefined as Result;
    const target = await resolveTask(this.#options.target);
    return (await (target as (...args: unknown[]) => unknown)(...this.#options.args)) as Result;
  }

  /** Starts the process, once. Throws if an argument cannot be sent: then nothing was started. */
  start(): void {
    assertNotBootstrapping('Process.start()');
    this.#require('start()', this.#state === 'initial', 'a process is started once; make another one');
    const { signal } = this.#options;
    signal?.throwIfAborted();
    const { payload, values } = this.#message();
    const options = { ...this.#options, daemon: this.#daemon, authkey: this.#authkey };
    const child = new ChildHandle(options, {
      onStarted: () => this.#onStarted(),
      onStartFailed: (error) => this.#onStartFailed(error),
      onMessage: (reader) => settleBy(reader, this.#result as Settleable<unknown>),
      onEnded: (status) => this.#onEnded(status),
      onDrained: () => {},
      onSwept: () => {},
    });
    child.start(targetMain, payload, values);
    this.#child = child;
    this.#state = 'starting';
    if (child.pid !== null) this.#sentinel.open(child.pid);
    addChild(this);
    signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** Waits for the end, at most `timeout` milliseconds. Whether it has ended; rejects if it could not be started, or by `signal`. */
  async join(options?: WaitOptions): Promise<boolean> {
    const wait = resolveWait('Process.join', options, true);
    this.#requireOpen('join()');
    this.#require('join()', this.#state !== 'initial', 'start() it first');
    if (this.#status?.reason === 'start-failed') await this.#ended.promise;
    if (this.#status !== null || wait.timeoutMs === 0) return this.#status !== null;
    const waiting = settledWithin(this.#ended.promise, wait);
    void this.#child?.holdUntil(waiting);
    await waiting;
    return this.#status !== null;
  }

  isAlive(): boolean {
    this.#requireOpen('isAlive()');
    return this.#isPending;
  }

  /** SIGTERM. Nothing happens if it has ended. */
  terminate(): void {
    this.#signal('terminate');
  }

  /** SIGKILL. */
  kill(): void {
    this.#signal('kill');
  }

  /** SIGINT. */
  interrupt(): void {
    this.#signal('interrupt');
  }

  /** The process keeps this program alive (the default unless it is a daemon). */
  ref(): this {
    this.#child?.keepAlive(true);
    return this;
  }

  unref(): this {
    this.#child?.keepAlive(false);
    return this;
  }

  /** Releases what this object holds. Throws while the process runs; afterwards most members throw. */
  close(): void {
    if (this.#state === 'closed') return;
    this.#require('close()', !this.isAlive(), 'join() or terminate() it first');
    this.#sentinel.close();
    this.#state = 'closed';
  }

  /** Terminates and joins: the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state === 'initial' || this.#state === 'closed') return;
    this.terminate();
    await this.join().catch(() => {});
    this.close();
  }

  /** @internal An instance of a registered subclass, in the child. */
  static revive(Class: typeof Process, fields: Record<string, unknown>): Process {
    const instance = Reflect.construct(
      Process,
      [{ name: ownIdentity().name, daemon: ownIdentity().daemon }],
      Class,
    );
    return Object.assign(instance as Process, fields);
  }

  toString(): string {
    const status =
      this.#state === 'ended' ? `stopped ${describeExit(this.#status as ExitStatus)}` : this.#state;
    return `<${this.constructor.name} name='${this.name}' pid=${this.#child?.pid ?? 'none'} ${status}${this.#daemon ? ' daemon' : ''}>`;
  }

  get #isPending(): boolean {
    return this.#state === 'starting' || this.#state === 'running';
  }

  #message(): { payload: TargetPayload; values: TargetValues } {
    const { target, args } = this.#options;
    if (this.run === Process.prototype.run) return { payload: { kind: 'target', target }, values: { args } };
    const subclass: TaskReference = referenceOf(this.constructor as never, 'Process.start');
    return { payload: { kind: 'subclass', target: subclass }, values: { fields: { ...(this as object) } } };
  }

  #signal(name: keyof typeof signalNumber): void {
    this.#requireOpen(`${name}()`);
    this.#require(`${name}()`, this.#state !== 'initial', 'start() it first');
    this.#child?.signal(signalNumber[name]);
  }

  #onStarted(): void {
    if (this.#state === 'starting') this.#state = 'running';
    this.#started.resolve();
  }

  #onStartFailed(error: unknown): void {
    this.#started.reject(error);
    this.#result.reject(error);
    if (this.#child?.pid != null) return;
    // There is no process whose end could be waited for.
    this.#ended.reject(error);
    this.#finish({ code: null, signal: null, reason: 'start-failed' });
  }

  #onEnded(status: ExitStatus): void {
    if (!this.#result.isSettled) {
      const error = endedEarly(this.name, this.#child?.pid ?? null, status);
      this.#started.reject(error);
      this.#result.reject(error);
    }
    this.#finish(status);
  }

  #finish(status: ExitStatus): void {
    this.#status = status;
    this.#state = 'ended';
    this.#sentinel.onEnd();
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    removeChild(this);
    this.#ended.resolve();
  }

  #requireOpen(member: string): void {
    this.#require(member, this.#state !== 'closed', 'the process object was closed');
  }

  #require(member: string, condition: boolean, remedy: string): void {
    if (!condition) throw stateError(member, this.#state, remedy);
  }
}
