// How shared memory and lists travel: by name. Whoever receives one attaches to it, and is told if that name is gone or
// means another one by now.
import { statSync } from 'node:fs';
import { types } from 'node:util';
import { ResourceError } from '../errors.js';
import { EncodeFailure } from '../serialize/encode-state.js';
import type { WireExtension } from '../serialize/registry.js';
import { ShareableList } from './shareable-list.js';
import { SharedMemory } from './shared-memory.js';

interface Ticket {
  readonly name: string;
  /** Of the file: a number that is not used again. */
  readonly inode: number;
}

/** Registered by reducers.ts. */
export const sharedMemoryExtension: WireExtension<SharedMemory> = {
  tag: 'forkyard.shared-memory',
  // A proxy might throw from the question.
  matches: (value) => !types.isProxy(value) && value instanceof SharedMemory,
  encode: (memory) => ticketOf(memory, memory),
  decode: (ticket) => attach(ticket as Ticket),
};

export const shareableListExtension: WireExtension<ShareableList> = {
  tag: 'forkyard.shareable-list',
  matches: (value) => !types.isProxy(value) && value instanceof ShareableList,
  encode: (list) => ticketOf(list, list.shm),
  decode: (ticket) => ShareableList.over(attach(ticket as Ticket)),
};

function ticketOf(sent: object, memory: SharedMemory): Ticket {
  if (memory.isClosed) throw new EncodeFailure(sent, `shared memory '${memory.name}' was closed here`);
  const inode = inodeOf(memory.name);
  if (inode === undefined) throw new EncodeFailure(sent, `shared memory '${memory.name}' was unlinked`);
  return { name: memory.name, inode };
}

function attach({ name, inode }: Ticket): SharedMemory {
  const memory = new SharedMemory({ name });
  if (inodeOf(name) === inode) return memory;
  memory.close();
  throw new ResourceError(
    `shared memory '${name}' was unlinked after it was sent, and another one has its name: unlink it when nobody is ` +
      'about to receive it',
    { code: 'ERR_FORKYARD_NO_SUCH_NAME' },
  );
}

function inodeOf(name: string): number | undefined {
  return statSync(`/dev/shm/${name}`, { throwIfNoEntry: false })?.ino;
}
