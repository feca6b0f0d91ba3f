// Every error class of the package, its codes and fields, and the helpers that report a bad argument.
// How an error crosses a process border is not here (serialize/encode-error.ts), nor what turns an errno into one (native/).

/** The property every Forkyard error has, whichever copy of the package made it. */
export const forkyardErrorBrand: unique symbol = Symbol.for('forkyard.error') as never;

/** What every Forkyard error may be given beside its message. */
export interface ErrorDetails {
  /** `ERR_FORKYARD_...`; each class has its own default. */
  readonly code?: string;
  readonly cause?: unknown;
}

/** The base of all errors of this package. `code` is stable and meant for programs; the message is meant for people. */
export class ForkyardError extends Error {
  /** The `code` of an instance that is given none. */
  static readonly defaultCode: string = 'ERR_FORKYARD';
  readonly code: string;

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = details.code ?? new.target.defaultCode;
  }

  get [forkyardErrorBrand](): true {
    return true;
  }
}

/** How a process ended, as `Process` reports it: `exitCode` is negative for a signal, null while it runs or is unknown. */
export interface ProcessErrorDetails extends ErrorDetails {
  readonly pid?: number | null;
  readonly exitCode?: number | null;
  readonly signal?: string | null;
}

/** A process could not be started, joined or controlled, or ended without giving a result. */
export class ProcessError extends ForkyardError {
  static override readonly defaultCode: string = 'ERR_FORKYARD_PROCESS';
  readonly pid: number | null;
  readonly exitCode: number | null;
  readonly signal: string | null;

  constructor(message: string, details: ProcessErrorDetails = {}) {
    super(message, details);
    this.pid = details.pid ?? null;
    this.exitCode = details.exitCode ?? null;
    this.signal = details.signal ?? null;
  }
}

/** Which task an error is about: its name (`module#name`), and the number of the item in the input, if it is one of many. */
export interface TaskDetails {
  readonly task?: string | null;
  readonly item?: number | null;
}

/** A pool's worker died while it ran this task. */
export class WorkerLostError extends ProcessError {
  static override readonly defaultCode: string = 'ERR_FORKYARD_WORKER_LOST';
  readonly task: string | null;
  readonly item: number | null;

  constructor(message: string, details: ProcessErrorDetails & TaskDetails = {}) {
    super(message, details);
    this.task = details.task ?? null;
    this.item = details.item ?? null;
  }
}

/** A wait ended because its `timeout` (milliseconds) was over. Nothing was acquired, taken or changed. */
export class TimeoutError extends ForkyardError {
  static override readonly defaultCode: string = 'ERR_FORKYARD_TIMEOUT';
  readonly timeout: number | null;

  constructor(message: string, details: ErrorDetails & { readonly timeout?: number | null } = {}) {
    super(message, details);
    this.timeout = details.timeout ?? null;
  }
}

/** A task ran longer than its `timeout` (milliseconds), and its worker was killed. */
export class TaskTimeoutError extends TimeoutError {
  static override readonly defaultCode: string = 'ERR_FORKYARD_TASK_TIMEOUT';
  readonly task: string | null;
  readonly item: number | null;

  constructor(
    message: string,
    details: ErrorDetails & TaskDetails & { readonly timeout?: number | null } = {},
  ) {
    super(message, details);
    this.task = details.task ?? null;
    this.item = details.item ?? null;
  }
}

/** A function cannot be named for, or found by, another process. `module` is a URL, `task` a name in it. */
export class TaskResolutionError extends ForkyardError {
  static override readonly defaultCode: string = 'ERR_FORKYARD_TASK_RESOLUTION';
  readonly module: string | null;
  readonly task: string | null;

  constructor(
    message: string,
    details: ErrorDetails & { readonly module?: string | null; readonly task?: string | null } = {},
  ) {
    super(message, details);
    this.module = details.module ?? null;
    this.task = details.task ?? null;
  }
}

/** A value cannot be encoded, or bytes are no encoding. `path` names the value: `args[0].user.callback`. */
export class SerializationError extends ForkyardError {
  static override readonly defaultCode: string = 'ERR_FORKYARD_SERIALIZATION';
  readonly path: string;

  constructor(message: string, details: ErrorDetails & { readonly path?: string } = {}) {
    super(message, details);
    this.path = details.path ?? '';
  }
}

/**
 * An error of another process whose class is not known here. Message and stack are the original's; its own properties
 * (`code` among them) and its `cause` are on this object; `className` is the name of the class it had there.
 */
export class RemoteError extends ForkyardError {
  static override readonly defaultCode: string = 'ERR_FORKYARD_REMOTE';
  readonly className: string;

  constructor(message: string, details: ErrorDetails & { readonly className?: string } = {}) {
    super(message, details);
    this.className = details.className ?? 'Error';
  }
}

/** A barrier was aborted or reset, or a party of it timed out or died, while others waited. */
export class BrokenBarrierError extends ForkyardError {
  static override readonly defaultCode: string = 'ERR_FORKYARD_BROKEN_BARRIER';
}

/** The pool gave up (its `cause` says why, for instance a used-up restart budget) and takes no more work. */
export class BrokenPoolError extends ForkyardError {
  static override readonly defaultCode: string = 'ERR_FORKYARD_BROKEN_POOL';
}

/** The process that owned this lock, object or connection died, and the operation cannot go on without it. */
export class OwnerDiedError extends ForkyardError {
  static override readonly defaultCode: string = 'ERR_FORKYARD_OWNER_DIED';
  readonly pid: number | null;

  constructor(message: string, details: ErrorDetails & { readonly pid?: number | null } = {}) {
    super(message, details);
    this.pid = details.pid ?? null;
  }
}

/** The peer of a connection did not prove that it knows the authkey. */
export class AuthenticationError extends ForkyardError {
  static override readonly defaultCode: string = 'ERR_FORKYARD_AUTHENTICATION';
}

/** A message did not fit the buffer given to `recvBytesInto`. `bytes` is the whole message: nothing is lost. */
export class BufferTooShort extends ForkyardError {
  static override readonly defaultCode: string = 'ERR_FORKYARD_BUFFER_TOO_SHORT';
  readonly bytes: Uint8Array | null;

  constructor(message: string, details: ErrorDetails & { readonly bytes?: Uint8Array | null } = {}) {
    super(message, details);
    this.bytes = details.bytes ?? null;
  }
}

/** Every writer of a connection has closed it or died, and all that was sent has been received. Python: `EOFError`. */
export class EndOfFileError extends ForkyardError {
  static override readonly defaultCode: string = 'ERR_FORKYARD_END_OF_FILE';
}

/** `putNowait`, or a `put` whose time was over, found the queue full. */
export class QueueFull extends ForkyardError {
  static override readonly defaultCode: string = 'ERR_FORKYARD_QUEUE_FULL';
  /** Of `putMany`: how many of its values were put in before. */
  readonly put: number;

  constructor(message: string, details: ErrorDetails & { readonly put?: number } = {}) {
    super(message, details);
    this.put = details.put ?? 0;
  }
}

/** `getNowait`, or a `get` whose time was over, found the queue empty. */
export class QueueEmpty extends ForkyardError {
  static override readonly defaultCode: string = 'ERR_FORKYARD_QUEUE_EMPTY';
}

/** The queue was closed; and, for `get`, nothing is left in it. */
export class QueueClosed extends ForkyardError {
  static override readonly defaultCode: string = 'ERR_FORKYARD_QUEUE_CLOSED';
}

/** The system refused something: memory, descriptors, permission. `errno` is the system's positive number. */
export class ResourceError extends ForkyardError {
  static override readonly defaultCode: string = 'ERR_FORKYARD_RESOURCE';
  readonly errno: number | null;
  readonly syscall: string | null;

  constructor(
    message: string,
    details: ErrorDetails & { readonly errno?: number | null; readonly syscall?: string | null } = {},
  ) {
    super(message, details);
    this.errno = details.errno ?? null;
    this.syscall = details.syscall ?? null;
  }
}

/** All classes above by name, for those who must find one. */
export const forkyardErrorClasses: Readonly<Record<string, { readonly prototype: ForkyardError }>> = {
  ForkyardError,
  ProcessError,
  WorkerLostError,
  TimeoutError,
  TaskTimeoutError,
  TaskResolutionError,
  SerializationError,
  RemoteError,
  BrokenBarrierError,
  BrokenPoolError,
  OwnerDiedError,
  AuthenticationError,
  BufferTooShort,
  EndOfFileError,
  QueueFull,
  QueueEmpty,
  QueueClosed,
  ResourceError,
};

// On the prototype and not enumerable, as the builtin errors have it, so that a minified class keeps its name.
for (const [name, { prototype }] of Object.entries(forkyardErrorClasses)) {
  Object.defineProperty(prototype, 'name', { value: name, writable: true, configurable: true });
}

/** True for an error of this package, also one made by another installed copy of it. */
export function isForkyardError(value: unknown): value is ForkyardError {
  return typeof value === 'object' && value !== null && Reflect.get(value, forkyardErrorBrand) === true;
}

/** `TypeError` with code `ERR_INVALID_ARG_TYPE`. `expected` completes the words "must be". */
export function argumentTypeError(
  method: string,
  name: string,
  expected: string,
  received: unknown,
): TypeError {
  const error = new TypeError(argumentMessage(method, name, expected, received));
  return Object.assign(error, { code: 'ERR_INVALID_ARG_TYPE' });
}

/** `RangeError` with code `ERR_OUT_OF_RANGE`. `expected` completes the words "must be". */
export function argumentRangeError(
  method: string,
  name: string,
  expected: string,
  received: unknown,
): RangeError {
  const error = new RangeError(argumentMessage(method, name, expected, received));
  return Object.assign(error, { code: 'ERR_OUT_OF_RANGE' });
}

/** A short description of any value for a message: never throws, never longer than about 80 characters. */
export function describeReceived(value: unknown): string {
  if (typeof value === 'string') {
    return `the string ${JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}...` : value)}`;
  }
  if (typeof value === 'bigint') {
    return value >> 64n === 0n || value >> 64n === -1n ? `${value}n` : 'a large BigInt';
  }
  if (Object.is(value, -0)) return '-0';
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return String(value);
  const kind = typeof value === 'function' ? 'a function' : 'an object';
  try {
    if (Array.isArray(value)) return `an array of ${value.length}`;
    const name: unknown = Reflect.get(typeof value === 'function' ? value : value.constructor, 'name');
    if (typeof name !== 'string' || name === '') return kind;
    return `${typeof value === 'function' ? 'the function' : 'an instance of'} ${name.slice(0, 60)}`;
  } catch {
    return kind;
  }
}

function argumentMessage(method: string, name: string, expected: string, received: unknown): string {
  return `${method}: '${name}' must be ${expected}, received ${describeReceived(received)}`;
}
