// Node's modules that connections need and nobody else here: loaded when they are first used, as they would cost each process
// of a family ten milliseconds. (Types are imported where they are used.)
import type { Cluster } from 'node:cluster';
import type * as Crypto from 'node:crypto';
import type * as Dns from 'node:dns/promises';
import type * as Net from 'node:net';
import type * as Stream from 'node:stream';

export function cluster(): Pick<Cluster, 'isWorker'> {
  return process.getBuiltinModule('node:cluster') as unknown as Cluster;
}

export function crypto(): typeof Crypto {
  return process.getBuiltinModule('node:crypto');
}

export function dns(): typeof Dns {
  return process.getBuiltinModule('node:dns/promises');
}

export function net(): typeof Net {
  return process.getBuiltinModule('node:net');
}

export function stream(): Pick<typeof Stream, 'Duplex' | 'Readable' | 'Writable'> {
  return process.getBuiltinModule('node:stream');
}
