// What crosses a process border by a tag of its own, beside plain data: tag -> how it is taken apart and put together.
// Imported for its effect, by the main module and by the first script of every process.
import { types } from 'node:util';
import { pipeExtension } from './pipe/pipe-connection.js';
import { queueExtension } from './queue/wire.js';
import { EncodeFailure } from './serialize/encode-state.js';
import { defaultRegistry } from './serialize/registry.js';
import { sharedObjectExtension, structTypeExtension } from './sharedctypes/wire.js';
import { shareableListExtension, sharedMemoryExtension } from './sharedmemory/wire.js';
import { namedSemaphoreExtension } from './sync/named-semaphore.js';
import { syncExtension } from './sync/wire.js';
import { type AnyFunction, definitionOf, type TaskReference } from './task/definitions.js';
import { taskOf } from './task/reference.js';
import { localOnly } from './util/local-only.js';

// A task arrives as the task itself where its module is loaded, else as a function that imports it when called.
defaultRegistry.registerExtension<AnyFunction>({
  tag: 'forkyard.task',
  matches: (value): value is AnyFunction =>
    typeof value === 'function' && definitionOf(value as AnyFunction) !== undefined,
  encode: (task) => ({ ...(definitionOf(task) as TaskReference) }),
  decode: (reference) => taskOf(reference as TaskReference),
});

defaultRegistry.registerExtension(sharedObjectExtension);
defaultRegistry.registerExtension(structTypeExtension);
defaultRegistry.registerExtension(syncExtension);
defaultRegistry.registerExtension(queueExtension);
defaultRegistry.registerExtension(pipeExtension);
defaultRegistry.registerExtension(sharedMemoryExtension);
defaultRegistry.registerExtension(shareableListExtension);
defaultRegistry.registerExtension(namedSemaphoreExtension);

// What belongs to the process that made it is refused by name: its own fields would say nothing of it. By a mark, so that
// a child need not load a pool to know one.
defaultRegistry.registerExtension<{ readonly [localOnly]: string }>({
  tag: 'forkyard.refused',
  matches: (value) => !types.isProxy(value) && localOnly in value,
  encode: (value) => {
    const reason = `a ${value[localOnly]} belongs to the process that made it; make another one where it is needed`;
    throw new EncodeFailure(value, reason);
  },
  decode: () => undefined,
});
