// What the tests of connections share: two ends, strangers that speak by hand, Python on the other side.
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { frameOf } from '../../lib/connection/frame.js';
import {
  Client,
  type ClientOptions,
  type Connection,
  Listener,
  type ListenerOptions,
} from '../../lib/connection.js';
import { until } from '../helpers/until.js';

export const authkey = Buffer.from('the key of the tests');

const folder = mkdtempSync(join(tmpdir(), 'forkyard-connection-test-'));
let paths = 0;
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Where no socket is yet. */
export function newPath(): string {
  return join(folder, `socket-${++paths}`);
}

export interface Pair extends AsyncDisposable {
  readonly listener: Listener;
  /** The accepted end, and the one that connected. */
  readonly ours: Connection;
  readonly theirs: Connection;
}

/** Two ends of a connection over a Unix socket. */
export async function pair(options: ListenerOptions & ClientOptions = {}): Promise<Pair> {
  const listener = new Listener(undefined, options);
  await listener.listening;
  const [ours, theirs] = await Promise.all([listener.accept(), Client(listener.address as string, options)]);
  return {
    listener,
    ours,
    theirs,
    async [Symbol.asyncDispose]() {
      ours.close();
      theirs.close();
      listener.close();
    },
  };
}

/** Runs `use` with two ends, and closes them. */
export async function withPair(
  use: (ends: Pair) => Promise<void>,
  options?: ListenerOptions & ClientOptions,
): Promise<void> {
  const ends = await pair(options);
  try {
    await use(ends);
  } finally {
    await ends[Symbol.asyncDispose]();
  }
}

/** Somebody who speaks by hand. */
export interface Stranger {
  readonly socket: Socket;
  say(...messages: Uint8Array[]): void;
  /** So many bytes of what it hears, once they are there. */
  hear(bytes: number): Promise<Buffer>;
  /** Resolves when the other side has ended the connection. */
  readonly ended: Promise<void>;
}

/** Connects without a word. */
export async function stranger(path: string): Promise<Stranger> {
  const socket = createConnection({ path });
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  return strangerAt(socket);
}

/** Listens at a new path; the first one who connects is given. */
export async function strangeListener(): Promise<{ path: string; first: Promise<Stranger>; close(): void }> {
  const path = newPath();
  const server = createServer({ allowHalfOpen: true });
  const first = new Promise<Stranger>((resolve) => {
    server.once('connection', (socket) => resolve(strangerAt(socket)));
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return { path, first, close: () => server.close() };
}

function strangerAt(socket: Socket): Stranger {
  let heard = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    heard = Buffer.concat([heard, chunk]);
  });
  socket.on('error', () => {});
  return {
    socket,
    say: (...messages) => {
      for (const message of messages) socket.write(frameOf(message));
    },
    hear: async (bytes) => {
      await until(() => heard.length >= bytes, { what: `${bytes} bytes, ${heard.length} are there` });
      return heard.subarray(0, bytes);
    },
    ended: new Promise((resolve) => {
      socket.once('end', resolve).once('close', () => resolve());
    }),
  };
}
