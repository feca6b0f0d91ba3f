// What a fork server rehearses of a worker's life: a definition, some calls, a chunk.

import { moduleUrl } from '../location.js';
import type { Part } from '../process/rehearsal.js';
import type { TaskReference } from '../task/reference.js';
import { taskMessageType, type WorkerPayload } from './messages.js';

const { define, apply, map } = taskMessageType;
/** A task to rehearse with. */
export const rehearsedTask: TaskReference = {
  module: moduleUrl('pool/rehearsed.js').href,
  name: 'rehearsed',
};
const spin = { us: 100, members: 1 };
const payload: WorkerPayload = { concurrency: 1, spin, initializer: undefined };

export const workerPart: Part = {
  main: moduleUrl('pool/worker-loop.js'),
  payload,
  values: undefined,
  messages: [
    { head: { type: define, id: 0, extra: 0 }, value: rehearsedTask },
    { head: { type: apply, id: 1, extra: 0 }, value: [1] },
    {
      head: { type: apply, id: 2, extra: 0 },
      value: [{ text: 'a', list: [1, 'b', null, 0.5, true, undefined] }],
    },
    { head: { type: map, id: 3, extra: 0 }, value: [1, 2, 3] },
  ],
  // Started, ready, imported, and the results.
  answers: 6,
};
