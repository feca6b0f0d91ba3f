// How locks and their like travel: as their blocks. In each environment there is one object for a block.
import { types } from 'node:util';
import type { WireExtension } from '../serialize/registry.js';
import { Barrier, type BarrierOptions } from './barrier.js';
import { BoundedSemaphore } from './bounded-semaphore.js';
import { Condition } from './condition.js';
import { Event } from './event.js';
import { adopt, type ReceivedShape, syncKind } from './kinds.js';
import { Lock } from './lock.js';
import { RLock } from './rlock.js';
import { Semaphore } from './semaphore.js';
import { Waitable } from './waitable.js';

/** `more`: what it was sent with beside its block. */
const makers: Readonly<Record<number, (shape: ReceivedShape, more: unknown) => object>> = {
  [syncKind.lock]: () => new Lock(),
  // It has twice as many cells as permits at first.
  [syncKind.semaphore]: ({ owners }) => new Semaphore(owners / 2, { owned: owners > 0 }),
  [syncKind.boundedSemaphore]: ({ owners }) => new BoundedSemaphore(owners),
  [syncKind.event]: () => new Event(),
  [syncKind.rlock]: () => new RLock(),
  [syncKind.condition]: (_, lock) => new Condition(lock as Lock | RLock),
  [syncKind.barrier]: ({ limit }, options) => new Barrier(limit, options as BarrierOptions),
};

/** Registered by reducers.ts. */
export const syncExtension: WireExtension<Waitable<unknown>> = {
  tag: 'forkyard.sync',
  // A proxy might throw from the question.
  matches: (value) => !types.isProxy(value) && value instanceof Waitable,
  encode: (value) => [value.block, moreOf(value)],
  decode(plain) {
    const [block, more] = plain as [unknown, unknown];
    return objectAt(block, more);
  },
};

/** The one that a received block is. */
export function objectAt(block: unknown, more: unknown = null): object {
  return adopt(block, (shape) => makers[shape.kind]?.(shape, more));
}

function moreOf(value: Waitable<unknown>): unknown {
  if (value instanceof Condition) return value.lock;
  if (value instanceof Barrier) return value.options;
  return null;
}
