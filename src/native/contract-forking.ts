// What the addon offers for fork servers and for processes that are not one's own children
// (native/binding/bind_forking.cc). Everything else is contract.ts.

declare const kind: unique symbol;

/** A watched descriptor. Dropping it ends the watch. */
export interface WatchHandle {
  readonly [kind]: 'watch';
}

/** `ForkReplyKind` of native/forking/messages.h, and the end. */
export const forkReplyKind = {
  end: 0,
  serving: 1,
  unfit: 2,
  forked: 3,
  notForked: 4,
  ended: 5,
  spare: 6,
} as const;

export interface ForkReply {
  readonly kind: number;
  /** The request; of `ended` the pid. */
  readonly id: number;
  /** Of `forked` and `spare` the pid, of `notForked` the errno, of `ended` the wait status. */
  readonly value: number;
  /** Of `unfit`. */
  readonly text: string;
  /** The receiver's to close. Of `forked` and `spare` first the pidfd, if there was one to be had; of `spare` where to ask it. */
  readonly fds: readonly number[];
}

/** `WhenFull` of native/os/output.h. */
export const whenFull = { return: 0, waitUntilSignal: 1, wait: 2 } as const;

export interface ForkingAddon {
  /** Two descriptors. Packets: the first one never blocks; else both are streams. */
  socketPair(packets: boolean): [number, number];

  /** A descriptor. The name without the zero in front, as it is: Node would fill it up with zeros. */
  listenAbstract(name: string, backlog: number): number;
  /** The same. `EAGAIN`: its listener has no room for another one at this moment. */
  connectAbstract(name: string): number;
  /** Whether the socket's file is a living socket's, which does not notice. Throws what the system says, such as `ENOENT`. */
  isSocketBound(path: string): boolean;

  duplicateFd(fd: number): number;
  /** How many bytes were written: fewer than all if it is full (`whenFull`), or if it failed; the next write tells why. */
  writeOut(fd: number, bytes: Uint8Array, when: number): number;
  /** Blocks until something can be written, in a pipe 4 KiB at least, or never again. */
  awaitRoom(fd: number): void;
  /** SIGHUP, SIGINT and SIGTERM end the process from now on, whatever handlers there were. */
  letSignalsEnd(): void;
  /** Of those that the addon made; Node keeps a list of its own, in each thread. */
  closeFd(fd: number): void;

  /** For a process that belongs to no family yet. */
  attachLifelines(lifelines: number[]): void;
  /** Whether this Node can end a process that was forked. */
  canServeForks(): boolean;
  refuseForks(control: number, reason: string): void;
  /**
   * Blocks, and returns in each copy; never in the server. A spare has time until somebody asks for it. `improve` is called
   * while nobody asks, until it returns false or throws. `hasHugeText`: Node's code may then be moved to huge pages, which takes as
   * much memory.
   */
  serveForks(
    control: number,
    spares: number,
    idle: { improve: () => boolean; hasHugeText: boolean },
  ): { pid: number; isSpare: boolean };
  /** In a copy, once. Blocks in a spare until it is asked for: until then its signals and streams are those of the server. */
  becomeChild(): { invitation: string; lifelines: number[] };
  /** In a child that is about to run code of others: what it has written to, its successors will find copied. */
  learnPages(): void;
  /** The environment of this process, as forking/environment.ts has it. */
  environment(): string;
  /** Whether this Node reads the certificates of NODE_EXTRA_CA_CERTS when it starts, and can be told of them later. */
  canDeferExtraCaCerts(): boolean;
  /** In a process that was started without: they are read when the first TLS context is made, in it or in a copy of it. */
  deferExtraCaCerts(file: string): void;
  /** 128 bits of the kernel's. */
  randomSeed(): [number, number, number, number];
  /** In a child: the code with which it ends when its event loop is empty. */
  setExitCode(code: number): void;
  /** How often the event loop has gone round. */
  loopTurns(): number;
  /** In a child: ends it at once. What JavaScript has to say must have been said. */
  endNow(code: number): never;

  /**
   * False: not now, or it is gone, which will be told. `socket`: of a server, or of the spare of that number, which is 0 for
   * a server. `fds`: standard streams, working directory, lifelines; they stay open here.
   */
  requestFork(
    socket: number,
    id: number,
    fds: readonly number[],
    umask: number,
    invitation: string,
    spare: number,
  ): boolean;
  /** To the server: that spare was asked to be a child. False: not now. */
  tellTaken(control: number, pid: number): boolean;
  /** Null if there is none now. */
  receiveForkReply(control: number): ForkReply | null;
  /** The wait status of a process that somebody has reaped; -1 if the kernel does not tell (before Linux 6.15). */
  statusOfReaped(pidfd: number): number;

  /** The descriptor belongs to the watch from now on. */
  watchFd(fd: number, onReadable: () => void): WatchHandle;
  /** No callback follows. */
  pauseWatch(watch: WatchHandle): void;
  /** The same, and the descriptor is closed; also at the end of this environment. */
  stopWatch(watch: WatchHandle): void;
  keepWatchAlive(watch: WatchHandle, alive: boolean): void;
}
