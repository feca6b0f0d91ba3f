// Whether this process can be copied as it is: a copy has one thread, and shares each socket with all others.
import { access, readdirSync, readlinkSync } from 'node:fs';
import { loadAddon } from '../native/load.js';

/** What a process had before it ran code of others. */
export interface Baseline {
  readonly threads: number;
  readonly sockets: ReadonlySet<string>;
}

/** Before anybody else's code. */
export async function takeBaseline(): Promise<Baseline> {
  // The threads of libuv's pool are made at its first use. A copy makes its own.
  await new Promise((resolve) => access('/', resolve));
  return { threads: countThreads(), sockets: new Set(openSockets()) };
}

const requestTimeoutMs = 10_000;

/** Why this process cannot be copied; undefined if it can. Waits for what is under way. */
export async function whyUnfit(baseline: Baseline): Promise<string | undefined> {
  if (!loadAddon().canServeForks())
    return `this Node (${process.version}) has no way to end a forked process`;
  if (loadAddon().isFounded()) {
    return 'a preloaded module uses shared memory or processes of its own when it is imported; do that in a function';
  }
  const pending = await unfinishedRequest();
  if (pending !== undefined) return `a preloaded module has left a request unfinished (${pending})`;
  const surplus = countThreads() - baseline.threads;
  if (surplus > 0) {
    return `a preloaded module or loader has started ${surplus === 1 ? 'a thread' : `${surplus} threads`} (worker_threads, or asynchronous module hooks), which a fork would not have`;
  }
  const shared = openSockets().filter((name) => !baseline.sockets.has(name));
  if (shared.length > 0) {
    return `a preloaded module has opened ${shared.length === 1 ? 'a socket or watcher' : `${shared.length} sockets or watchers`} (${shared[0]}), which all children would share; open it where it is used, or in an initializer`;
  }
  return undefined;
}

// Requests run on threads, or wait for the kernel: their answer would come to the server.
async function unfinishedRequest(): Promise<string | undefined> {
  const deadline = Date.now() + requestTimeoutMs;
  for (;;) {
    await new Promise((resolve) => setImmediate(resolve));
    const [request] = process.getActiveResourcesInfo().filter((name) => /Req|Zlib/.test(name));
    if (request === undefined || Date.now() > deadline) return request;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

function countThreads(): number {
  return readdirSync('/proc/self/task').length;
}

function openSockets(): string[] {
  return readdirSync('/proc/self/fd')
    .map((fd) => targetOf(fd))
    .filter((target) => /^socket:|^anon_inode:inotify|^anon_inode:\[(inotify|io_uring)\]/.test(target));
}

// The list contains the descriptor that it was read through.
function targetOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return '';
  }
}
