// Where listeners listen, who may reach them, and what is left of them. Keys and handshakes are authentication.test.ts.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { Client, Listener } from '../../lib/connection.js';
import { ForkyardError, ResourceError, TimeoutError } from '../../lib/index.js';
import { expectClear, rejection, thrown } from '../conformance/caught.js';
import { runScript } from '../helpers/run-script.js';
import { newPath, stranger } from './support.js';

const fixture = (name: string) => new URL(`../fixtures/connection/${name}.mjs`, import.meta.url);

test.each([
  ['a path', () => newPath()],
  ['an abstract name', () => `\0forkyard test ${process.pid}`],
  ['a host and a port', () => ['127.0.0.1', 0] as const],
  ['a host by name', () => ({ host: 'localhost', port: 0 })],
  ['all hosts', () => ['', 0] as const],
  ['nothing', () => undefined],
])('listens at %s', async (_, address) => {
  const listener = new Listener(address());
  await listener.listening;
  expect(listener.lastAccepted).toBe(null);
  const where = listener.address;
  const target = typeof where === 'string' ? where : (['127.0.0.1', where[1]] as const);
  const [ours, theirs] = await Promise.all([listener.accept(), Client(target)]);
  if (typeof where === 'string') expect(listener.lastAccepted).toBe(null);
  else expect(listener.lastAccepted).toEqual(['127.0.0.1', expect.any(Number)]);
  await theirs.send('hello');
  expect(await ours.recv()).toBe('hello');
  listener.close();
  listener.close();
  // What was accepted stays.
  await ours.send('still here');
  expect(await theirs.recv()).toBe('still here');
  ours.close();
  theirs.close();
  expect(await rejection(listener.accept())).toMatchObject({ code: 'ERR_FORKYARD_CLOSED' });
  expect(await rejection(Client(target))).toMatchObject({ code: 'ERR_FORKYARD_CONNECTION_REFUSED' });
});

test('a socket file is for its owner alone, at no moment for others, and goes with the listener', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'forkyard-modes-'));
  const path = join(folder, 'socket');
  const before = process.umask(0);
  const listener = new Listener(path);
  process.umask(before);
  // Made within the call: there was a folder of its own for it, and it is gone.
  expect(readdirSync(folder)).toEqual(['socket']);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  await listener.listening;
  listener.close();
  expect(readdirSync(folder)).toEqual([]);
  rmSync(folder, { recursive: true });

  const own = new Listener();
  await own.listening;
  expect(statSync(dirname(own.address as string)).mode & 0o777).toBe(0o700);
  own.close();
  expect(existsSync(dirname(own.address as string))).toBe(false);
});

test('the file of somebody else is not removed', async () => {
  const path = newPath();
  const listener = new Listener(path);
  await listener.listening;
  rmSync(path);
  writeFileSync(path, 'mine');
  listener.close();
  expect(existsSync(path)).toBe(true);
});

test('an address in use is told by listening and accept; a dead socket is told to be one', async () => {
  const path = newPath();
  const listener = new Listener(path);
  await listener.listening;
  const second = new Listener(path);
  expectClear(await rejection(second.listening), {
    class: ResourceError,
    code: 'ERR_FORKYARD_ADDRESS_IN_USE',
    says: [path, 'in use', 'EADDRINUSE'],
  });
  expect(await rejection(second.accept())).toMatchObject({ errno: 98 });
  second.close();
  // The first goes on, and has noticed nothing.
  const [ours, theirs] = await Promise.all([listener.accept(), Client(path)]);
  await theirs.send(1);
  expect([await ours.recv(), listener.refused]).toEqual([1, 0]);
  ours.close();
  theirs.close();
  listener.close();

  const { stdout } = await runScript(fixture('killed-listener'), { args: [path] });
  expect(stdout).toBe('listening\n');
  expect(existsSync(path)).toBe(true);
  expect((await rejection(new Listener(path).listening)).message).toContain('remove that file');
  expect(existsSync(path)).toBe(true);

  const tcp = new Listener(['127.0.0.1', 0]);
  await tcp.listening;
  expect(await rejection(new Listener(tcp.address as [string, number]).listening)).toMatchObject({
    code: 'ERR_FORKYARD_ADDRESS_IN_USE',
    errno: 98,
    syscall: 'listen',
  });
  tcp.close();
});

test('without a folder for temporary files there is no address of its own, and nothing is left', async () => {
  const { TMPDIR } = process.env;
  const long = join(tmpdir(), 'x'.repeat(100));
  mkdirSync(long);
  try {
    for (const [folder, says] of [
      ['/no/such/folder', 'ENOENT'],
      [long, 'too long'],
    ] as const) {
      process.env['TMPDIR'] = folder;
      expectClear(
        thrown(() => new Listener()),
        { class: ResourceError, code: 'ERR_FORKYARD_RESOURCE', says: [folder, says, 'TMPDIR'] },
      );
    }
    expect(readdirSync(long)).toEqual([]);
  } finally {
    if (TMPDIR === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = TMPDIR;
    rmSync(long, { recursive: true });
  }
});

test('addresses that cannot be say why', async () => {
  const refused: [never, object | undefined, string][] = [
    [5 as never, undefined, 'ERR_INVALID_ARG_TYPE'],
    [['host'] as never, undefined, 'ERR_INVALID_ARG_TYPE'],
    [['host', '80'] as never, undefined, 'ERR_INVALID_ARG_TYPE'],
    [[7, 80] as never, undefined, 'ERR_INVALID_ARG_TYPE'],
    [['host', 65536] as never, undefined, 'ERR_OUT_OF_RANGE'],
    ['' as never, undefined, 'ERR_OUT_OF_RANGE'],
    [`/tmp/${'x'.repeat(103)}` as never, undefined, 'ERR_OUT_OF_RANGE'],
    ['/tmp/a\0b' as never, undefined, 'ERR_OUT_OF_RANGE'],
    ['/tmp/a' as never, { family: 'AF_INET' }, 'ERR_OUT_OF_RANGE'],
    [['host', 1] as never, { family: 'AF_UNIX' }, 'ERR_OUT_OF_RANGE'],
    [['host', 1] as never, { family: 'AF_PIPE' }, 'ERR_OUT_OF_RANGE'],
    ['/tmp/a' as never, { backlog: 0 }, 'ERR_OUT_OF_RANGE'],
    ['/tmp/a' as never, { authkey: 'text' }, 'ERR_INVALID_ARG_TYPE'],
    ['/tmp/a' as never, { json: 1 }, 'ERR_INVALID_ARG_TYPE'],
    ['/tmp/a' as never, { maxFrameBytes: 2 ** 60 }, 'ERR_OUT_OF_RANGE'],
    ['/tmp/a' as never, { handshakeTimeout: 0 }, 'ERR_OUT_OF_RANGE'],
    ['/tmp/a' as never, { authKey: Buffer.alloc(1) }, 'ERR_INVALID_ARG_TYPE'],
  ];
  for (const [address, options, code] of refused) {
    expect(thrown(() => new Listener(address, options))).toMatchObject({ code });
    if (options === undefined || !('backlog' in options))
      expect(await rejection(Client(address, options))).toMatchObject({ code });
  }
  expect(thrown(() => new Listener('/tmp/a', { authkey: 'secret' as never })).message).not.toContain(
    'secret',
  );
  expect(await rejection(Client(['127.0.0.1', 0]))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
  expect((await rejection(new Listener('/no/such/folder/socket').listening)).message).toContain(
    'folder that does not exist',
  );
  expect(await rejection(Client('/no/such/socket'))).toMatchObject({
    code: 'ERR_FORKYARD_CONNECTION_REFUSED',
    errno: 2,
  });
  expect(await rejection(new Listener(['192.0.2.1', 0]).listening)).toBeInstanceOf(ResourceError);
});

test('accept waits so long, and not after an abort; who comes later is not lost', async () => {
  const listener = new Listener();
  await listener.listening;
  expect(await rejection(listener.accept({ timeout: 5 }))).toBeInstanceOf(TimeoutError);
  expect(await rejection(listener.accept({ timeout: 0 }))).toBeInstanceOf(TimeoutError);
  const stop = new AbortController();
  const aborted = listener.accept({ signal: stop.signal });
  stop.abort(new Error('enough'));
  expect((await rejection(aborted)).message).toBe('enough');
  expect(await rejection(listener.accept({ time: 1 } as never))).toMatchObject({
    code: 'ERR_INVALID_ARG_TYPE',
  });
  const clients = [await Client(listener.address as string), await Client(listener.address as string)];
  await clients[0].send('first');
  const connection = await listener.accept({ timeout: 30_000 });
  expect(await connection.recv()).toBe('first');
  connection.close();
  // The second was never accepted.
  const waiting = listener.accept().then((second) => second.close());
  await waiting;
  for (const client of clients) client.close();
  const closed = listener.accept();
  listener.close();
  expect(await rejection(closed)).toBeInstanceOf(ForkyardError);
});

test('connections one after the other until it is closed', async () => {
  const listener = new Listener();
  await listener.listening;
  const got: unknown[] = [];
  const serving = (async () => {
    for await (const connection of listener) {
      got.push(await connection.recv());
      connection.close();
    }
  })();
  for (const number of [1, 2, 3]) {
    const client = await Client(listener.address as string);
    await client.send(number);
    expect(await client.poll(Infinity)).toBe(true);
    client.close();
  }
  listener.close();
  await serving;
  expect(got).toEqual([1, 2, 3]);
});

test('more than the backlog are refused, and counted', async () => {
  const listener = new Listener(undefined, { backlog: 2 });
  await listener.listening;
  const strangers = [];
  for (let n = 0; n < 3; n++) strangers.push(await stranger(listener.address as string));
  await strangers[2].ended;
  expect(listener.refused).toBe(1);
  for (let n = 0; n < 2; n++) (await listener.accept()).close();
  for (const { socket } of strangers) socket.destroy();
  listener.close();
});

test('an idle listener or connection keeps no program alive, and what waits does', async () => {
  const { stdout, stderr, exitCode } = await runScript(fixture('idle'));
  expect({ stdout, stderr, exitCode }).toEqual({ stdout: 'waited\nleft: 0\n', stderr: '', exitCode: 0 });
});

test('in a thread it is the same, file mode and all', async () => {
  const { stdout, stderr, exitCode } = await runScript(fixture('thread'));
  expect({ stdout, stderr, exitCode }).toEqual({
    stdout: '600\nhello\ngone: true\n',
    stderr: '',
    exitCode: 0,
  });
});
