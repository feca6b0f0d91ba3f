// How locks and their like travel: as their blocks. In each environment there is one object for a block.
import { types } from 'node:util';
import type { WireExtension } from '../serialize/registry.js';
import { BoundedSemaphore } from './bounded-semaphore.js';
import { Event } from './event.js';
import { adopt, syncKind } from './kinds.js';
import { Lock } from './lock.js';
import { RLock } from './rlock.js';
import { Semaphore } from './semaphore.js';
import { Waitable } from './waitable.js';

const makers: Readonly<Record<number, (owners: number) => object>> = {
  [syncKind.lock]: () => new Lock(),
  [syncKind.semaphore]: () => new Semaphore(),
  [syncKind.boundedSemaphore]: (owners) => new BoundedSemaphore(owners),
  [syncKind.event]: () => new Event(),
  [syncKind.rlock]: () => new RLock(),
};

/** Registered by reducers.ts. */
export const syncExtension: WireExtension<Waitable<unknown>> = {
  tag: 'forkyard.sync',
  // A proxy might throw from the question.
  matches: (value) => !types.isProxy(value) && value instanceof Waitable,
  encode: ({ block }) => block,
  decode: (plain) => adopt(plain, (kind, owners) => makers[kind]?.(owners)),
};
