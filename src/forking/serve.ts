// A fork server from its first line to its last, which is the first one of a child. What a child then runs is process/.
import { loadAddon } from '../native/load.js';
import { makeClockForkable, restartClock, stopClock } from './clock.js';
import { collectGarbage, hasLargeHeap } from './collect.js';
import { takeCommonCalls } from './common-calls.js';
import { endAs, rehearseEnding, watchEnding } from './ending.js';
import { deferExtraCaCerts, type ExtraCaCerts } from './extra-ca-certs.js';
import { takeBaseline, whyUnfit } from './fitness.js';
import { compilingAll, withFeedback, withFeedbackNow } from './laziness.js';
import { PreloadFailure, type PreloadSet, preload } from './preload.js';
import { rememberEnvironment, setPid } from './program.js';
import {
  dropRandomCaches,
  emptyRandomCaches,
  hasRandomCaches,
  makeRandomForkable,
  reseedRandom,
} from './random.js';
import { standInForStreams, useStreams } from './standard-streams.js';

/** How a server is set up: the value of an environment variable, as JSON. */
export interface ServerSetup extends PreloadSet {
  /** Descriptors: where requests come from, where spares are offered, and what ends this process with its client. */
  readonly control: number;
  readonly spares: number;
  readonly lifelines: readonly number[];
  /** Of the family that its children will join. */
  readonly arena: number;
  readonly liveness: number;
  /** Whether Node's code may be moved to huge pages. */
  readonly hasHugeText: boolean;
  /** Which Node has not read. */
  readonly extraCaCerts: ExtraCaCerts | undefined;
}

/** Why a server will not serve: what its client is told. */
export type Refusal =
  | { readonly kind: 'unfit'; readonly reason: string }
  | {
      readonly kind: 'preload';
      readonly specifier: string;
      readonly reason: string;
      readonly stack: string | undefined;
    };

/** What a child is given by whoever asked for it. */
export interface Forked {
  readonly pid: number;
  readonly invitation: string;
  readonly lifelines: readonly number[];
}

/**
 * Returns in each child. In the server it does not return. `rehearse` runs what children will run: what is compiled now need
 * not be compiled by each of them. So a copy calls nothing here that the server has not called.
 */
export async function serve(setup: ServerSetup, rehearse: () => Promise<void>): Promise<Forked> {
  const addon = loadAddon();
  addon.attachLifelines([...setup.lifelines]);
  if (setup.extraCaCerts !== undefined) deferExtraCaCerts(setup.extraCaCerts);
  const callNext = takeCommonCalls();
  makeRandomForkable();
  makeClockForkable();
  standInForStreams();
  watchEnding();
  const baseline = await takeBaseline();
  become('server', process.pid);
  rehearseEnding();
  await withFeedback(rehearse);
  const refusal = await prepare(setup, () => whyUnfit(baseline));
  if (refusal !== undefined) {
    addon.refuseForks(setup.control, JSON.stringify(refusal));
    process.exit(0);
  }
  if (hasLargeHeap()) collectGarbage();
  rememberEnvironment();
  stopClock();
  const dropsCaches = hasRandomCaches();
  if (dropsCaches) emptyRandomCaches();
  const improve = () => withFeedbackNow(callNext);
  const { pid, isSpare } = addon.serveForks(setup.control, setup.spares, {
    improve,
    hasHugeText: setup.hasHugeText,
  });
  become('copy', pid);
  if (dropsCaches) dropRandomCaches();
  if (isSpare) addon.prepareJoin(setup.arena, setup.liveness);
  const child = addon.becomeChild();
  if (isSpare) restartClock();
  // The server's, which end the server.
  for (const fd of setup.lifelines) addon.closeFd(fd);
  return { pid, ...child };
}

function become(what: 'server' | 'copy', pid: number): void {
  restartClock();
  reseedRandom();
  setPid(pid);
  useStreams(what === 'copy' ? 'real' : 'stand-ins');
  endAs(what);
}

async function prepare(
  setup: ServerSetup,
  judge: () => Promise<string | undefined>,
): Promise<Refusal | undefined> {
  try {
    await compilingAll(() => preload(setup));
  } catch (error) {
    if (!(error instanceof PreloadFailure)) throw error;
    return { kind: 'preload', ...error.refusal };
  }
  const reason = await judge();
  return reason === undefined ? undefined : { kind: 'unfit', reason };
}
