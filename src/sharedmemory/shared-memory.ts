// SharedMemory: memory that any program attaches to by its name. Python: multiprocessing.shared_memory.SharedMemory, with
// the same names and bytes. Memory without a name, for one family, is sharedctypes/.
import { argumentRangeError, argumentTypeError } from '../errors.js';
import {
  callNamed,
  checkName,
  checkOptions,
  checkTracking,
  closedError,
  flag,
  type NamedKind,
  ownerOnly,
} from '../named/names.js';
import { checkRoom } from '../named/room.js';
import type { SharedMemoryHandle } from '../native/contract-system.js';
import { loadAddon } from '../native/load.js';
import { checkBufferLength, longestBuffer } from '../system/buffer-length.js';
import { isSystemError } from '../system/refusal.js';

export interface SharedMemoryOptions {
  /** Without a slash. Needed to attach; a new one is given a name of its own (`psm_1a2b3c4d`) if there is none. */
  readonly name?: string | undefined;
  /** True: makes it, and refuses a name that exists. False, the default: attaches to one that exists. */
  readonly create?: boolean | undefined;
  /** In bytes. Needed to make one. To attach: the least that it must have; its own size is taken. */
  readonly size?: number | undefined;
  /** Whether it is removed when the family ends at the latest. Default: true where it is made, and only allowed there. */
  readonly track?: boolean | undefined;
}

const kind: NamedKind = { noun: 'shared memory', maxNameBytes: 255 };
const constructing = 'new SharedMemory';

export class SharedMemory {
  readonly #name: string;
  readonly #size: number;
  #handle: SharedMemoryHandle | undefined;
  #buffer: ArrayBuffer | undefined;

  /**
   * Throws `TypeError` and `RangeError` for wrong options, `ResourceError` for what the system refuses:
   * `ERR_FORKYARD_NAME_EXISTS`, `ERR_FORKYARD_NO_SUCH_NAME`, `ERR_FORKYARD_PERMISSION`,
   * `ERR_FORKYARD_BUFFER_TOO_LONG` beyond what one buffer of this Node can have, or `ERR_FORKYARD_RESOURCE` with its `errno`, such as ENOSPC where /dev/shm is full.
   */
  constructor(options?: SharedMemoryOptions) {
    const given = checkOptions(constructing, options, ['name', 'create', 'size', 'track']);
    const create = flag(constructing, 'create', given.create, false);
    const size = checkSize(given.size, create);
    const name = given.name === undefined ? undefined : checkName(constructing, kind, given.name);
    const tracked = checkTracking(constructing, create, given.track);
    checkBufferLength(size);
    if (create) checkRoom(constructing, size);
    const made = create ? make(name, size, tracked) : attach(name);
    this.#name = made.name.slice(1);
    this.#handle = made.handle;
    this.#size = loadAddon().shmSize(made.handle);
    if (this.#size >= size && this.#size <= longestBuffer) return;
    this.close();
    checkBufferLength(this.#size);
    const expected = `at most ${this.#size}, the bytes that '${this.#name}' has`;
    throw argumentRangeError(constructing, 'size', expected, size);
  }

  /** Without a slash. Stays readable after `close()`. */
  get name(): string {
    return this.#name;
  }

  /** In bytes. Stays readable after `close()`. */
  get size(): number {
    return this.#size;
  }

  /** The memory itself. Throws `ERR_FORKYARD_CLOSED` after `close()`. */
  get buf(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#memory('SharedMemory.buf'));
  }

  /** The same, for typed arrays of other kinds. */
  get buffer(): ArrayBuffer {
    return this.#memory('SharedMemory.buffer');
  }

  /**
   * Lets go of it in this process; others keep theirs, and the name stays. Arrays over the memory may be used on: it is
   * unmapped when the last of them is collected. Again: nothing.
   */
  close(): void {
    if (this.#handle !== undefined) loadAddon().shmClose(this.#handle);
    this.#handle = undefined;
    this.#buffer = undefined;
  }

  /**
   * Removes the name; the memory lives until nobody has it any more. Also after `close()`. Throws
   * `ERR_FORKYARD_NO_SUCH_NAME` where somebody has done so before.
   */
  unlink(): void {
    callNamed('SharedMemory.unlink', kind, this.#name, () => loadAddon().shmUnlink(`/${this.#name}`));
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** @internal */
  get isClosed(): boolean {
    return this.#handle === undefined;
  }

  /** @internal */
  closedError(method: string): Error {
    return closedError(method, kind.noun);
  }

  #memory(method: string): ArrayBuffer {
    if (this.#handle === undefined) throw this.closedError(method);
    this.#buffer ??= loadAddon().shmBuffer(this.#handle);
    return this.#buffer;
  }
}

interface Opened {
  readonly name: string;
  readonly handle: SharedMemoryHandle;
}

function make(name: string | undefined, size: number, tracked: boolean): Opened {
  const addon = loadAddon();
  const create = (path: string): Opened => ({
    name: path,
    handle: addon.shmCreate(path, size, ownerOnly, tracked),
  });
  if (name !== undefined) return callNamed(constructing, kind, name.slice(1), () => create(name));
  for (;;) {
    const [random] = addon.randomSeed();
    const path = `/psm_${(random >>> 0).toString(16).padStart(8, '0')}`;
    try {
      return callNamed(constructing, kind, path.slice(1), () => create(path));
    } catch (error) {
      if (Reflect.get(error as object, 'code') !== 'ERR_FORKYARD_NAME_EXISTS') throw error;
    }
  }
}

function attach(name: string | undefined): Opened {
  if (name === undefined) {
    const expected = 'given, as there is no create: true; which shared memory is meant';
    throw argumentTypeError(constructing, 'name', expected, name);
  }
  return callNamed(constructing, kind, name.slice(1), () => {
    try {
      return { name, handle: loadAddon().shmAttach(name) };
    } catch (error) {
      if (isSystemError(error) && error.code === 'EINVAL') {
        error.message = 'is empty: whoever is making it has not given it a size yet; try again';
      }
      throw error;
    }
  });
}

function checkSize(size: unknown, create: boolean): number {
  if (size === undefined && !create) return 0;
  if (typeof size !== 'number') throw argumentTypeError(constructing, 'size', 'a number of bytes', size);
  if (Number.isSafeInteger(size) && size >= 1) return size;
  throw argumentRangeError(constructing, 'size', 'an integer of at least 1', size);
}
