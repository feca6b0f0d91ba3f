// What the addon offers of the operating system alone (native/binding/bind_system.cc, bind_named.cc): no family is needed.
// Everything else is contract.ts. Failures are errors with `code` ('EPERM'), `errno` (negative) and `syscall`.

declare const kind: unique symbol;

/** Closable and type-tagged: the addon refuses a handle of another kind, and a closed one with `EBADF`. */
export interface SharedMemoryHandle {
  readonly [kind]: 'shared memory';
}
export interface SemaphoreHandle {
  readonly [kind]: 'semaphore';
}

/** Numbers of the kernel by the names that the public API uses. */
export interface SystemConstants {
  readonly schedulerPolicies: Readonly<
    Record<'other' | 'batch' | 'idle' | 'fifo' | 'rr' | 'deadline', number>
  >;
  readonly ioClasses: Readonly<Record<'none' | 'realtime' | 'best-effort' | 'idle', number>>;
  readonly maxPassedFds: number;
  readonly semaphoreValueMax: number;
}

/**
 * `id, thread`: with `thread` the id is a thread's and 0 the calling thread; without it all threads of the process are
 * meant, 0 is this process, and reading is reading its main thread.
 */
export interface SystemAddon {
  readonly systemConstants: SystemConstants;

  getAffinity(id: number, thread: boolean): number[];
  /** `EINVAL`, with nothing changed, if one of the CPUs may not be used. */
  setAffinity(id: number, thread: boolean, cpus: readonly number[]): void;
  /** The CPUs that this process could give itself, whatever its mask is now. */
  getUsableCpus(): number[];
  getNice(id: number, thread: boolean): number;
  setNice(id: number, thread: boolean, nice: number): void;
  getScheduler(id: number, thread: boolean): { policy: number; priority: number };
  setScheduler(id: number, thread: boolean, policy: number, priority: number): void;
  getIoPriority(id: number, thread: boolean): { class: number; level: number };
  setIoPriority(id: number, thread: boolean, ioClass: number, level: number): void;

  /** At least one byte of data; the descriptors stay open here. */
  sendFds(socket: number, fds: readonly number[], data: Uint8Array): void;
  /** At the end `data` is empty. The descriptors are the caller's to close. */
  receiveFds(socket: number, maxBytes: number): { data: Uint8Array; fds: number[] };

  /**
   * Names begin with a slash. Exclusive; the size is in bytes and reserved, so that a full /dev/shm is `ENOSPC` here.
   * `tracked`: removed when the family ends; the environment must be a member of it.
   */
  shmCreate(name: string, size: number, mode: number, tracked?: boolean): SharedMemoryHandle;
  shmAttach(name: string): SharedMemoryHandle;
  shmSize(handle: SharedMemoryHandle): number;
  /** A buffer over the memory itself; it stays valid after `shmClose`. */
  shmBuffer(handle: SharedMemoryHandle): ArrayBuffer;
  shmClose(handle: SharedMemoryHandle): void;
  shmUnlink(name: string): void;
  /** Whose a file in /dev/shm is, as native/binding/tracked_name.cc has written it; empty: nobody knows. */
  shmMark(file: string): string;

  semCreate(name: string, value: number, mode: number, tracked?: boolean): SemaphoreHandle;
  semCreateOrOpen(name: string, value: number, mode: number): SemaphoreHandle;
  semOpen(name: string): SemaphoreHandle;
  semPost(handle: SemaphoreHandle): void;
  semTryWait(handle: SemaphoreHandle): boolean;
  /** Blocks the calling thread. A negative time-out waits for ever; false: the time was over. */
  semWait(handle: SemaphoreHandle, timeoutMs: number): boolean;
  /**
   * Waits for one permit in a thread of its own, which keeps the event loop alive: `onEnd(true)` once it was taken,
   * `onEnd(false)` if the system refused. The permit is given back unless it returns true. One at a time.
   */
  semAwait(handle: SemaphoreHandle, onEnd: (taken: boolean) => boolean): void;
  /** Nobody waits any more; `onEnd` may have been called for already. */
  semForgo(handle: SemaphoreHandle): void;
  semValue(handle: SemaphoreHandle): number;
  semClose(handle: SemaphoreHandle): void;
  semUnlink(name: string): void;
}
