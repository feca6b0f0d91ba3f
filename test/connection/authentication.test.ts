// Who does not know the key, says nonsense, says nothing, or comes in crowds: what both sides are told, and that the listener
// goes on serving. The handshake itself is handshake.test.ts.
import { expect, test } from 'vitest';
import { Client, Listener, type ListenerOptions } from '../../lib/connection.js';
import { AuthenticationError, TimeoutError } from '../../lib/index.js';
import { expectClear, rejection } from '../conformance/caught.js';
import { until } from '../helpers/until.js';
import { authkey, strangeListener, stranger } from './support.js';

/** Runs `use` with a listener that asks for the key, and shows that it still serves afterwards. */
async function withListener(
  use: (listener: Listener, path: string) => Promise<void>,
  options: ListenerOptions = {},
) {
  const listener = new Listener(undefined, { authkey, ...options });
  try {
    await listener.listening;
    await use(listener, listener.address as string);
    const [ours, theirs] = await Promise.all([
      listener.accept(),
      Client(listener.address as string, { authkey }),
    ]);
    await theirs.send('served');
    expect(await ours.recv()).toBe('served');
    ours.close();
    theirs.close();
  } finally {
    listener.close();
  }
}

const wrong = Buffer.from('another key');
const challengeBytes = 4 + '#CHALLENGE#{sha256}'.length + 40;

test('a wrong key is told to both sides', () =>
  withListener(async (listener, path) => {
    const accepting = rejection(listener.accept());
    expectClear(await rejection(Client(path, { authkey: wrong })), {
      class: AuthenticationError,
      code: 'ERR_FORKYARD_AUTHENTICATION',
      says: ['authkey', 'both need the same'],
    });
    expectClear(await accepting, {
      class: AuthenticationError,
      code: 'ERR_FORKYARD_AUTHENTICATION',
      says: ['does not know our authkey'],
    });
    expect(listener.refused).toBe(1);
  }));

test('while nobody accepts, or by iteration, wrong keys are only counted', () =>
  withListener(async (listener, path) => {
    for (let n = 0; n < 3; n++) await rejection(Client(path, { authkey: wrong }));
    await until(() => listener.refused === 3);
    const iterator = listener[Symbol.asyncIterator]();
    const next = iterator.next();
    await rejection(Client(path, { authkey: wrong }));
    const client = await Client(path, { authkey });
    (await next).value?.close();
    client.close();
    expect(listener.refused).toBe(4);
  }));

test('without a key, where one is asked for: it is said when the question is received', () =>
  withListener(async (_listener, path) => {
    for (const json of [false, true]) {
      const client = await Client(path, { json });
      expectClear(await rejection(client.recv()), {
        class: AuthenticationError,
        code: 'ERR_FORKYARD_NO_HANDSHAKE',
        says: ['asks for an authkey'],
      });
      client.close();
    }
  }));

test('what is no key is told by its kind, never by its value', async () => {
  for (const [key, says] of [
    ['a secret', /type string.*$/],
    [null, /not null/],
    [5, /type number/],
  ] as const) {
    const error = await rejection(Client('/no/such', { authkey: key as never }));
    expectClear(error, { class: TypeError, code: 'ERR_INVALID_ARG_TYPE', says: ["'authkey'", says] });
    expect(error.message).not.toContain('a secret');
  }
});

test('the key is as it was when the listener was made', async () => {
  const key = Buffer.from(authkey);
  const listener = new Listener(undefined, { authkey: key });
  key.fill(0);
  await listener.listening;
  const client = await Client(listener.address as string, { authkey });
  (await listener.accept()).close();
  client.close();
  listener.close();
});

const nonsense: [string, (say: (bytes: Buffer) => void) => void][] = [
  ['HTTP', (say) => say(Buffer.from('GET / HTTP/1.1\r\n\r\n'))],
  ['a negative length', (say) => say(Buffer.from([0xff, 0xff, 0xff, 0xfe, 0, 0, 0, 0]))],
  ['a length of 2 GiB', (say) => say(Buffer.from([0x7f, 0xff, 0xff, 0xff, 1, 2, 3]))],
  ['a length of 16 EiB', (say) => say(Buffer.alloc(12, 0xff))],
  ['a message of 257 bytes', (say) => say(Buffer.concat([Buffer.from([0, 0, 1, 1]), Buffer.alloc(257)]))],
  ['an empty message', (say) => say(Buffer.alloc(4))],
  [
    'an unknown digest',
    (say) => say(Buffer.concat([Buffer.from([0, 0, 0, 36]), Buffer.from('{md4}'), Buffer.alloc(31)])),
  ],
  ['half a message', (say) => say(Buffer.from([0, 0, 0, 9, 1]))],
];

test.each(nonsense)(
  '%s in the handshake is dropped and counted, and accept does not hear of it',
  (_, speak) =>
    withListener(async (listener, path) => {
      let accepted = 0;
      const accepting = listener.accept().then((connection) => {
        accepted++;
        connection.close();
      });
      const peer = await stranger(path);
      await peer.hear(challengeBytes);
      speak((bytes) => peer.socket.write(bytes));
      peer.socket.end();
      await until(() => listener.refused === 1);
      await peer.ended;
      expect(accepted).toBe(0);
      const client = await Client(path, { authkey });
      await accepting;
      client.close();
    }),
);

test('nonsense instead of a challenge, of a verdict, or the end: the client is told that it is no handshake', async () => {
  const challenge = Buffer.concat([Buffer.from('#CHALLENGE#{sha256}'), Buffer.alloc(40)]);
  const talks: ((peer: Awaited<ReturnType<typeof stranger>>) => void)[] = [
    (peer) => peer.say(Buffer.from('hello')),
    (peer) => peer.say(Buffer.from('#CHALLENGE#short')),
    (peer) => peer.say(Buffer.concat([Buffer.from('#CHALLENGE#{md4}'), Buffer.alloc(40)])),
    (peer) => peer.say(Buffer.alloc(257)),
    (peer) => peer.say(challenge, Buffer.from('#PERHAPS#')),
    (peer) => peer.socket.write(Buffer.alloc(12, 0xff)),
    (peer) => peer.socket.end(),
    (peer) => peer.socket.destroy(),
  ];
  for (const talk of talks) {
    const listener = await strangeListener();
    const connecting = rejection(Client(listener.path, { authkey }));
    const peer = await listener.first;
    talk(peer);
    expectClear(await connecting, {
      class: AuthenticationError,
      code: 'ERR_FORKYARD_NO_HANDSHAKE',
      says: [/both sides/],
    });
    peer.socket.destroy();
    listener.close();
  }
});

test('who takes too long is dropped, and holds nobody up meanwhile', () =>
  withListener(
    async (listener, path) => {
      const staller = await stranger(path);
      await staller.hear(challengeBytes);
      const [ours, theirs] = await Promise.all([listener.accept(), Client(path, { authkey })]);
      expect(listener.refused).toBe(0);
      await staller.ended;
      expect(listener.refused).toBe(1);
      // Those who are in stay.
      await theirs.send(1);
      expect(await ours.recv()).toBe(1);
      ours.close();
      theirs.close();
      staller.socket.destroy();
    },
    { handshakeTimeout: 2000 },
  ));

test('a client gives up on a listener that says nothing', async () => {
  const listener = await strangeListener();
  const error = await rejection(Client(listener.path, { authkey, handshakeTimeout: 10 }));
  expectClear(error, {
    class: TimeoutError,
    code: 'ERR_FORKYARD_TIMEOUT',
    says: ['Client', 'was it given an authkey'],
  });
  expect(await rejection(Client(listener.path, { authkey, timeout: 10 }))).toBeInstanceOf(TimeoutError);
  const stop = new AbortController();
  const aborted = Client(listener.path, { authkey, signal: stop.signal });
  await listener.first;
  stop.abort(new Error('enough'));
  expect((await rejection(aborted)).message).toBe('enough');
  (await listener.first).socket.destroy();
  listener.close();
});

test('of too many in the handshake the oldest go', () =>
  withListener(
    async (listener, path) => {
      const crowd = [];
      for (let n = 0; n < 5; n++) {
        crowd.push(await stranger(path));
        await crowd[n].hear(challengeBytes);
      }
      await Promise.all([crowd[0].ended, crowd[1].ended]);
      expect(listener.refused).toBe(2);
      const client = await Client(path, { authkey });
      (await listener.accept()).close();
      client.close();
      expect(listener.refused).toBe(3);
      for (const { socket } of crowd) socket.destroy();
      await until(() => listener.refused === 5);
    },
    { maxUnauthenticated: 3 },
  ));

test('what follows the handshake in the same moment may be longer than it', async () => {
  const listener = new Listener(undefined, { authkey });
  await listener.listening;
  const client = await Client(listener.address as string, { authkey });
  // Before the listener has looked at anything.
  const sent = client.sendBytes(Buffer.alloc(100_000, 'x'));
  const connection = await listener.accept();
  expect((await connection.recvBytes()).length).toBe(100_000);
  await sent;
  for (const each of [client, connection, listener]) each.close();
});

test('a message above the limit ends the connection, whatever it claims, and takes no memory', async () => {
  const listener = new Listener(undefined, { maxFrameBytes: 1000 });
  await listener.listening;
  for (const header of [
    [0, 0, 3, 0xe9],
    [0x7f, 0xff, 0xff, 0xff],
    Array.from<number>({ length: 12 }).fill(0xff),
  ]) {
    const peer = await stranger(listener.address as string);
    peer.say(Buffer.alloc(1000), Buffer.from('short'));
    peer.socket.write(Buffer.from(header));
    const connection = await listener.accept();
    const before = process.memoryUsage().arrayBuffers;
    expect((await connection.recvBytes()).length).toBe(1000);
    expect((await connection.recvBytes()).toString()).toBe('short');
    for (let n = 0; n < 2; n++)
      expect(await rejection(connection.recvBytes())).toMatchObject({ code: 'ERR_FORKYARD_FRAME_TOO_LONG' });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
    await peer.ended;
    expect(await rejection(connection.sendBytes(Buffer.alloc(1)))).toMatchObject({
      code: 'ERR_FORKYARD_BROKEN_PIPE',
    });
    connection.close();
  }
  const client = await Client(listener.address as string, { maxFrameBytes: 999 });
  expect(await rejection(client.sendBytes(Buffer.alloc(1000)))).toMatchObject({
    code: 'ERR_FORKYARD_FRAME_TOO_LONG',
  });
  await client.sendBytes(Buffer.alloc(999));
  const connection = await listener.accept();
  expect((await connection.recvBytes()).length).toBe(999);
  for (const each of [client, connection, listener]) each.close();
});
