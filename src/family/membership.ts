// This environment's place in a family: founded on first use in a root, joined by the entry scripts in a child,
// shared by the process's worker_threads. What is sent to other members is channel/.
import { argumentRangeError, argumentTypeError, ForkyardError, ResourceError } from '../errors.js';
import type { Addon, MemoryUse, SlotId } from '../native/contract.js';
import { loadAddon } from '../native/load.js';
import { isSystemError } from '../system/refusal.js';
import { remedyFor } from '../system/shortage.js';
import { Bell } from './bell.js';
import { memoryLimitBytes } from './memory-limit.js';

/** What an environment has of its family. */
export interface Membership {
  readonly addon: Addon;
  readonly slot: SlotId;
  readonly bell: Bell;
}

/** What a parent hands to a child through its environment: where it belongs. */
export interface Invitation {
  readonly slot: SlotId;
  /** Numbers that the descriptors have in the child, in the order of `Addon.descriptors()`. */
  readonly descriptors: readonly number[];
}

let membership: Membership | undefined;
let limitBytes = 0;
let joined = false;

/** This environment's membership; the first call in a program founds its family. */
export function member(): Membership {
  membership ??= found();
  return membership;
}

/** The membership if there is one already: asking must not found a family. */
export function currentMember(): Membership | undefined {
  return membership;
}

/** Runs `act` as that member, in a process that is none itself. */
export async function actingAs<T>(pretended: Membership, act: () => Promise<T>): Promise<T> {
  const before = { membership, joined };
  membership = pretended;
  try {
    return await act();
  } finally {
    ({ membership, joined } = before);
  }
}

/** Whether this process was started by Forkyard (worker threads of such a process included). */
export function isJoinedProcess(): boolean {
  return joined;
}

/** Called by an entry script before anything else: takes the place that the parent reserved. */
export function joinFamily(invitation: Invitation, addon = loadAddon()): Membership {
  const [arena, liveness, ...lifelines] = invitation.descriptors as [number, number, ...number[]];
  addon.join(arena, liveness, lifelines);
  joined = true;
  membership = open(addon, invitation.slot);
  return membership;
}

/**
 * Sets the quota of the family's shared memory, in bytes (whole MiB, at least one). The default is what the cgroup,
 * RLIMIT_AS and the machine allow. Only before the first use: `ERR_FORKYARD_ALREADY_RUNNING` afterwards.
 */
export function setMemoryLimit(bytes: number): void {
  if (typeof bytes !== 'number') throw argumentTypeError('setMemoryLimit', 'bytes', 'a number', bytes);
  if (!Number.isSafeInteger(bytes) || bytes < 2 ** 20) {
    throw argumentRangeError('setMemoryLimit', 'bytes', 'an integer of at least 1 MiB', bytes);
  }
  if (membership !== undefined) {
    throw new ForkyardError(
      'setMemoryLimit() was called after the family had started; call it before the first Process, Pool or shared object.',
      { code: 'ERR_FORKYARD_ALREADY_RUNNING' },
    );
  }
  limitBytes = bytes;
}

/** How much of the family's shared memory is in use, in bytes. */
export function memoryUse(): MemoryUse {
  return member().addon.memoryUse();
}

function found(): Membership {
  const addon = loadAddon();
  try {
    if (!addon.isFounded())
      addon.found(limitBytes === 0 ? memoryLimitBytes() : limitBytes, addon.constants.arenaBytes);
    return open(addon);
  } catch (error) {
    throw foundingRefused(error);
  }
}

function foundingRefused(error: unknown): unknown {
  const remedy = remedyFor(error);
  if (!isSystemError(error) || remedy === undefined) return error;
  const details = { errno: Math.abs(error.errno), syscall: error.syscall, cause: error };
  return new ResourceError(`Forkyard cannot begin here: ${remedy} (${error.message}).`, details);
}

function open(addon: Addon, slot?: SlotId): Membership {
  let bell: Bell | undefined;
  const own = addon.open(() => bell?.onRing(), slot?.index, slot?.generation);
  bell = new Bell(addon, own.index);
  return { addon, slot: own, bell };
}
