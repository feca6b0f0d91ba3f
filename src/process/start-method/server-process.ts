// The process of a fork server: how it is started, and what it is told.
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { memoryLimitBytes } from '../../family/memory-limit.js';
import { takeExtraCaCerts } from '../../forking/extra-ca-certs.js';
import type { ServerSetup } from '../../forking/serve.js';
import { moduleUrl } from '../../location.js';
import { addonFile } from '../../native/load.js';
import { invitationVariable, type ServerInvitation } from '../bootstrap.js';
import type { ServerFlags } from './node-flags.js';

const entry = fileURLToPath(moduleUrl('entry/forkserver.js'));
// Nothing of V8's may be under way on a thread when it forks. Not --single-threaded, whose --no-wasm-async-compilation makes
// Node throw away its compiled code: 9 ms of its start. 0 threads would mean as many as there are processors.
export const serverPoolThreads = 1;
const singleThreaded = [
  `--v8-pool-size=${serverPoolThreads}`,
  '--single-threaded-gc',
  '--no-concurrent-recompilation',
];
// Of which Node's code is 25 MB.
const hugeTextNeedsBytes = 2 ** 30;

/** What a server is given, all of it still the caller's. */
export interface ServerDescriptors {
  /** Control and spares, arena and liveness. */
  readonly sockets: readonly number[];
  readonly family: readonly number[];
  readonly lifelines: readonly number[];
}

/** Starts it, with `descriptors`; throws if there is none left for it. */
export function startServer(
  { flags, requires, imports }: ServerFlags,
  preload: readonly string[],
  given: ServerDescriptors,
): ChildProcess {
  const descriptors = [...given.sockets, ...given.family, ...given.lifelines];
  // In the server, behind the standard streams.
  const [control, spares, arena, liveness, ...rest] = descriptors.map((_, index) => 3 + index) as [
    number,
    number,
    number,
    number,
    ...number[],
  ];
  const hasHugeText = canHaveHugeText(flags);
  const family = { arena, liveness, lifelines: rest };
  const env = { ...process.env };
  const extraCaCerts = takeExtraCaCerts(env);
  const modules = { requires, imports, preload };
  const server: ServerSetup = { control, spares, ...family, hasHugeText, extraCaCerts, ...modules };
  const invitation: ServerInvitation = { addon: addonFile(), server };
  return spawn(process.execPath, [...flags, ...singleThreaded, entry], {
    stdio: ['ignore', 'inherit', 'inherit', ...descriptors],
    env: {
      ...env,
      ...(process.env['NODE_OPTIONS'] === undefined ? {} : { NODE_OPTIONS: '' }),
      [invitationVariable]: JSON.stringify(invitation),
    },
  });
}

// perf(1) finds the names of functions in the file, and not where the code is no file's.
function canHaveHugeText(flags: readonly string[]): boolean {
  return memoryLimitBytes() >= hugeTextNeedsBytes && !flags.some((flag) => flag.startsWith('--perf'));
}
