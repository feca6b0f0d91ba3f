// A child from its first line to its main module: joins the family, hears what it is to be, applies its scheduling.
// The parent's half is child-handle.ts.
import { Channel } from '../channel/channel.js';
import { joinFamily } from '../family/membership.js';
import { runAfterFork } from '../forking/after-fork.js';
import { keepOwnOutput, outputIsReadByParent } from '../forking/output.js';
import { PreloadFailure, preload } from '../forking/preload.js';
import { becomeProgram } from '../forking/program.js';
import { addonIsAt, loadAddon } from '../native/load.js';
import { type BootMessage, bootMessageType, type FamilyPlace, invitationVariable } from './bootstrap.js';
import { becomeProcess } from './identity.js';
import type { Scheduling } from './scheduling.js';
import { preloadFailed } from './start-method/start-failed.js';

/** What a main module is called with. */
export interface ChildContext {
  readonly channel: Channel;
  readonly payload: unknown;
  /** What the parent sent besides, if it sent anything; once, when the modules are imported that it takes to decode it. */
  readonly takeValues: () => unknown;
}

/** A module that a child can be told to run. */
export interface MainModule {
  main(context: ChildContext): void | Promise<void>;
}

/** By their URL, those that a fork server has loaded: asking Node for one takes a twentieth of a child's start. */
export const knownMainModules = new Map<string, MainModule>();

/**
 * `wasForked`: this process is a copy of a fork server, and not what the message says until it has made itself so.
 * Rehearsals have a `join` of their own.
 */
export async function runChild(
  invitation: FamilyPlace,
  wasForked: boolean,
  join: (place: FamilyPlace) => void = joinFamily,
): Promise<void> {
  await follow(takePlace(invitation, join), wasForked);
}

// Becomes and does what the channel says.
async function follow(channel: Channel, wasForked: boolean): Promise<void> {
  try {
    const boot = nextMessage(channel, 'boot') as BootMessage;
    outputIsReadByParent(boot.readByParent);
    if (!wasForked) keepOwnOutput();
    if (wasForked) becomeProgram({ ...boot.program, parentPid: boot.parent.pid });
    becomeProcess(boot);
    await schedule(boot.scheduling);
    if (wasForked) await runAfterFork();
    else await preloadHere(boot.preload);
    const module = knownMainModules.get(boot.main) ?? ((await import(boot.main)) as MainModule);
    channel.send({ type: bootMessageType.started, id: 0, extra: 0 }, null);
    if (wasForked) loadAddon().learnPages();
    await module.main({ channel, payload: boot.payload, takeValues: () => nextMessage(channel, 'values') });
  } catch (error) {
    // Without a main module nobody else would report it.
    channel.send({ type: bootMessageType.failed, id: 0, extra: 0 }, error);
    channel.wakePeerNow();
    process.exitCode = 1;
  }
}

// As a fork server would, with the same error.
async function preloadHere(modules: readonly string[]): Promise<void> {
  try {
    await preload({ requires: [], imports: [], preload: modules });
  } catch (error) {
    if (!(error instanceof PreloadFailure)) throw error;
    throw preloadFailed(error.refusal);
  }
}

// A parent that ends while its child starts has let go of what it reserved for it. The lifeline is about to end the child;
// that it came too late is nobody's error.
function takePlace(place: FamilyPlace, join: (place: FamilyPlace) => void): Channel {
  try {
    join(place);
    return Channel.attach(place.channel);
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === 'ESTALE' || code === 'ERR_FORKYARD_STALE_HANDLE') process.exit(1);
    throw error;
  }
}

// What most children do not need is not loaded by them: each module costs a start half a millisecond.
async function schedule(scheduling: Scheduling): Promise<void> {
  if (Object.keys(scheduling).length === 0) return;
  const { applyScheduling } = await import('./scheduling.js');
  applyScheduling(scheduling);
}

/** What the environment says, of a child or of a fork server. */
export function takeInvitation<T extends { readonly addon: string }>(): T {
  const text = process.env[invitationVariable];
  delete process.env[invitationVariable];
  if (text === undefined) {
    throw new Error('This file is started by Forkyard; run your own program instead.');
  }
  const invitation = JSON.parse(text) as T;
  addonIsAt(invitation.addon);
  return invitation;
}

// The parent wrote it before it started us. What lies behind it is for the main module.
function nextMessage({ reader }: Channel, type: 'boot' | 'values'): unknown {
  if (!reader.next() || reader.type !== bootMessageType[type]) {
    throw new Error('The parent left no word of what this process is to run.');
  }
  try {
    return reader.decode();
  } finally {
    reader.advance();
  }
}
