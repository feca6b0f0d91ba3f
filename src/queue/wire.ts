// How a queue crosses a process border: its block; the class is written in there.
import { types } from 'node:util';
import type { WireExtension } from '../serialize/registry.js';
import { JoinableQueue } from './joinable-queue.js';
import { adopt, queueKind } from './kinds.js';
import { Queue } from './queue.js';
import { SimpleQueue } from './simple-queue.js';

const makers: Readonly<Record<number, (maxSize: number) => object>> = {
  [queueKind.simple]: () => new SimpleQueue(),
  [queueKind.queue]: (maxSize) => new Queue(maxSize),
  [queueKind.joinable]: (maxSize) => new JoinableQueue(maxSize),
};

/** Registered by reducers.ts. */
export const queueExtension: WireExtension<SimpleQueue> = {
  tag: 'forkyard.queue',
  // A proxy might throw from the question.
  matches: (value) => !types.isProxy(value) && value instanceof SimpleQueue,
  encode: (queue) => queue.messages.block,
  decode: (block) => adopt(block, (kind, maxSize) => makers[kind]?.(maxSize)),
};
