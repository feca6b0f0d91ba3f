// Names in the file system that shared memory and semaphores have: what they may be, and what the system's refusals mean.
// What is tracked, and how, is native/family/names.h.
import { existsSync } from 'node:fs';
import { argumentRangeError, argumentTypeError, ForkyardError, ResourceError } from '../errors.js';
import { member } from '../family/membership.js';
import { refuseUnknownOptions } from '../options/known-options.js';
import { isSystemError, type SystemError } from '../system/refusal.js';

/** A kind of named thing, for messages and limits. */
export interface NamedKind {
  /** `shared memory`. */
  readonly noun: string;
  /** In bytes of UTF-8. */
  readonly maxNameBytes: number;
}

/** Only the owner may read and write, as CPython has it. */
export const ownerOnly = 0o600;

/** The name as the system takes it, with a slash in front. */
export function checkName(method: string, kind: NamedKind, name: unknown): string {
  if (typeof name !== 'string') throw argumentTypeError(method, 'name', 'a string', name);
  const bytes = Buffer.from(name);
  const isFile = name !== '' && name !== '.' && name !== '..' && !/[/\0]/.test(name);
  if (isFile && bytes.length <= kind.maxNameBytes && bytes.toString() === name) return `/${name}`;
  const expected = `1 to ${kind.maxNameBytes} bytes of text without slashes and zeros, and not '.' or '..'`;
  throw argumentRangeError(method, 'name', expected, name);
}

/** `undefined` as an empty object; throws for what is none, and for unknown options. */
export function checkOptions<T extends object>(method: string, options: T | undefined, known: string[]): T {
  if (options === undefined) return {} as T;
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw argumentTypeError(method, 'options', 'an object', options);
  }
  refuseUnknownOptions(method, options, known);
  return options;
}

/** An option that may be left out. */
export function flag(method: string, name: string, value: unknown, otherwise: boolean): boolean {
  if (value === undefined) return otherwise;
  if (typeof value !== 'boolean') throw argumentTypeError(method, name, 'true or false', value);
  return value;
}

/** Whether what is about to be made is to go when the family ends; founds the family, if so. */
export function checkTracking(method: string, create: boolean, track: unknown): boolean {
  const isTracked = flag(method, 'track', track, create);
  if (isTracked && !create) {
    const expected = 'left out without create: true; what others have made is theirs to remove';
    throw argumentTypeError(method, 'track', expected, track);
  }
  if (isTracked) member();
  return isTracked;
}

/** Runs a call of the addon; what the system refuses becomes a ResourceError that says what to do. */
export function callNamed<T>(method: string, kind: NamedKind, name: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw refusal(method, `${kind.noun} '${name}'`, error);
  }
}

/** For what is used after its `close()`. */
export function closedError(method: string, noun: string): ForkyardError {
  return new ForkyardError(`${method}: this ${noun} was closed; open another one by its name.`, {
    code: 'ERR_FORKYARD_CLOSED',
  });
}

const meanings: Readonly<Record<string, { readonly says: string; readonly code?: string }>> = {
  EEXIST: {
    says: 'exists already: choose another name, or open it without create: true',
    code: 'ERR_FORKYARD_NAME_EXISTS',
  },
  ENOENT: {
    says: 'does not exist: it was never made, or was removed',
    code: 'ERR_FORKYARD_NO_SUCH_NAME',
  },
  EACCES: { says: 'belongs to another user', code: 'ERR_FORKYARD_PERMISSION' },
  EPERM: { says: 'may not be removed: it belongs to another user', code: 'ERR_FORKYARD_PERMISSION' },
  ENOSPC: { says: 'does not fit into /dev/shm: remove what is left there (forkyard shm ls), or enlarge it' },
  ENOMEM: { says: 'is more than the memory that is left' },
  ENFILE: { says: 'is one tracked name too many for this family (65,536): unlink some, or use track: false' },
  EFBIG: { says: 'is longer than a file may be here: raise `ulimit -f`' },
  EMFILE: { says: 'needs a descriptor, and none is left: close some, or raise `ulimit -n`' },
  ESHUTDOWN: { says: 'cannot be made any more: the family is about to end' },
};

// Where /dev/shm is missing, each name in it is.
function isFolderMissing(code: string): boolean {
  return code === 'ENOENT' && !existsSync('/dev/shm');
}

function refusal(method: string, what: string, error: SystemError): ResourceError {
  if (isFolderMissing(error.code)) {
    return new ResourceError(
      `${method}: ${what} cannot be made or opened: there is no /dev/shm here; mount one (mount -t tmpfs tmpfs /dev/shm) (ENOENT, ${error.syscall})`,
      { errno: Math.abs(error.errno), syscall: error.syscall, cause: error },
    );
  }
  const { says = error.message, code } = meanings[error.code] ?? {};
  const details = { errno: Math.abs(error.errno), syscall: error.syscall, cause: error };
  return new ResourceError(
    `${method}: ${what} ${says} (${error.code}, ${error.syscall})`,
    code === undefined ? details : { ...details, code },
  );
}
