// What a child prints is written before it ends, however it ends. Node queues what a pipe has no room for, and drops the queue
// in process.exit(). Here a write waits for its reader, as Python's print does. Where the reader is the parent, which may be
// waiting for this very process, it is queued as Node does, and the process waits when it ends.
import type { Socket } from 'node:net';
import { whenFull } from '../native/contract-forking.js';
import { loadAddon } from '../native/load.js';

type Done = (error?: Error | null) => void;

/** Of a stream of Node's over a pipe or a socket. */
interface PipeStream extends Socket {
  readonly _handle: { readonly fd: number; readonly writeQueueSize: number } | null;
}

const outputs: (Output | undefined)[] = [];
let readByParent: readonly number[] = [];
let isEnding = false;
let isUncaught = false;

/** Once this process has its streams: those that its parent reads, by descriptor. */
export function outputIsReadByParent(fds: readonly number[]): void {
  readByParent = fds;
}

/** The stream, which from now on is one of those that are written before the end. */
export function keepOutput<T extends object>(stream: T, fd: number): T {
  if (fd > 0 && outputs[fd] === undefined && isPipe(stream)) outputs[fd] = new Output(stream, fd);
  return stream;
}

/** In a process that has its own streams from its start. */
export function keepOwnOutput(): void {
  for (const [fd, name] of [[1, 'stdout'] as const, [2, 'stderr'] as const]) {
    const own = Object.getOwnPropertyDescriptor(process, name);
    if (own?.get === undefined) continue;
    const open = own.get.bind(process) as () => object;
    Object.defineProperty(process, name, { ...own, get: () => keepOutput(open(), fd) });
    // A module that was imported ahead (--import) may have opened it, and kept it; it needed this one.
    if (isLoaded('net')) keepOutput(open(), fd);
  }
  process.on('uncaughtExceptionMonitor', noteUncaught).on('exit', finishOutput);
}

/** An error is about to end the process: Node prints it after the last event. */
export function noteUncaught(): void {
  isUncaught = true;
}

/** The event loop has had its last turn: writes what waits, however long that takes. What is printed after it waits as well. */
export function finishOutput(): void {
  isEnding = true;
  for (const output of outputs) output?.finish();
  // It writes to the descriptor, and takes no for an answer.
  if (isUncaught) loadAddon().awaitRoom(2);
}

class Output {
  readonly #stream: PipeStream;
  readonly #fd: number;
  readonly #queue: PipeStream['_write'];
  #queued: { readonly bytes: Uint8Array; readonly done: Done } | undefined;

  constructor(stream: PipeStream, fd: number) {
    this.#stream = stream;
    this.#fd = fd;
    this.#queue = stream._write;
    stream._write = (chunk: Uint8Array | string, encoding, done) => {
      this.#write(typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk, done);
    };
    // One chunk at a time.
    stream._writev = undefined as never;
  }

  #write(bytes: Uint8Array, done: Done): void {
    const patience = readByParent.includes(this.#fd) ? whenFull.return : whenFull.waitUntilSignal;
    const written = loadAddon().writeOut(this.#fd, bytes, isEnding ? whenFull.wait : patience);
    if (written === bytes.length || isEnding) return done();
    // Node waits for the rest, or finds out what is wrong.
    const rest = bytes.subarray(written);
    this.#queued = { bytes: rest, done };
    this.#queue.call(this.#stream, rest, 'buffer' as never, (error) => {
      this.#queued = undefined;
      done(error);
    });
  }

  // What is behind the chunk that is told to be done comes by `#write`.
  finish(): void {
    const queued = this.#queued;
    if (queued === undefined) return;
    this.#queued = undefined;
    const addon = loadAddon();
    addon.letSignalsEnd();
    const { bytes, done } = queued;
    // Perhaps none: then it was written, and Node has not been told.
    const left = this.#stream._handle?.writeQueueSize ?? 0;
    addon.writeOut(this.#fd, bytes.subarray(bytes.length - left), whenFull.wait);
    done();
  }
}

// Files and terminals are written to at once.
function isPipe(stream: object): stream is PipeStream {
  return (stream as { _type?: string })._type === 'pipe';
}

function isLoaded(builtin: string): boolean {
  const { moduleLoadList } = process as { moduleLoadList?: readonly string[] };
  return moduleLoadList?.includes(`NativeModule ${builtin}`) ?? true;
}
