// The way to a listener: given up at any moment, and taken again while the kernel has no room there; names that others take, too.
import { pbkdf2 } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Client, Listener, type ListenerOptions } from '../../lib/connection.js';
import { TimeoutError } from '../../lib/index.js';
import { rejection } from '../conformance/caught.js';
import { runScript } from '../helpers/run-script.js';
import { openFiles } from '../helpers/system-state.js';
import { until } from '../helpers/until.js';
import { hasPython, startPython } from '../native-binding/python.js';
import { newPath } from './support.js';

async function listenerAt(address: string | [string, number], options?: ListenerOptions) {
  const listener = new Listener(address as string, options);
  onTestFinished(() => listener.close());
  await listener.listening;
  return listener;
}

/** A program that prints a line when it listens. It ends by itself, or by a signal. */
async function listening(program: string, ...args: string[]) {
  const { child, ended } = startPython(program, ...args);
  ended.catch(() => {});
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return { child, ended };
}

describe('given up', () => {
  test('at any moment of connecting: the reason is told, and no socket is left', async () => {
    const sockets = () => openFiles().filter(({ target }) => target.startsWith('socket:')).length;
    const tcp = await listenerAt(['127.0.0.1', 0]);
    const file = await listenerAt(newPath());
    const before = sockets();
    for (const { address } of [tcp, file]) {
      for (let after = 0; after < 30; after++) {
        const stop = new AbortController();
        const connecting = Client(address as string, { signal: stop.signal });
        if (after % 3 === 2) await new Promise(setImmediate);
        for (let n = 0; n < after; n++) await Promise.resolve();
        stop.abort('enough');
        const outcome = await connecting.catch((reason: unknown) => reason);
        if (outcome !== 'enough') (outcome as Awaited<typeof connecting>).close();
      }
    }
    // Those that were accepted before they were given up.
    for (const listener of [tcp, file]) {
      void (async () => {
        for await (const connection of listener) connection.close();
      })();
    }
    await until(() => sockets() === before);
  });

  test('where nobody listens: it is the reason of the signal that is told', async () => {
    const stop = new AbortController();
    const connecting = Client(['127.0.0.1', 1], { signal: stop.signal });
    stop.abort('enough');
    expect(await connecting.catch((reason: unknown) => reason)).toBe('enough');
  });

  test('while the name is looked up', async () => {
    const { address } = await listenerAt(['127.0.0.1', 0]);
    // Names are looked up by threads that are busy with this.
    const busy = Array.from({ length: 8 }, () => promisify(pbkdf2)('a', 'b', 400_000, 64, 'sha512'));
    const error = await rejection(Client(['localhost', address[1] as never], { timeout: 20 }));
    expect(error).toBeInstanceOf(TimeoutError);
    await Promise.all(busy);
  });
});

describe.skipIf(!hasPython)('a Unix socket with room for one (needs python3)', () => {
  test('lets in one client after the other', async () => {
    const path = newPath();
    const { ended } = await listening(
      `
import sys, time
from multiprocessing.connection import Listener
with Listener(sys.argv[1]) as listener:
    print('listening', flush=True)
    for number in range(6):
        connection = listener.accept()
        time.sleep(0.02)
        connection.send_bytes(b'%d' % number)
        connection.close()
`,
      path,
    );
    const answers = Array.from({ length: 6 }, async () => {
      const connection = await Client(path);
      const answer = await connection.recvBytes();
      connection.close();
      return Number(answer);
    });
    expect((await Promise.all(answers)).sort()).toEqual([0, 1, 2, 3, 4, 5]);
    await ended;
  });

  test('that accepts nobody: the wait ends by its time-out, or a signal', async () => {
    const path = newPath();
    await listening(
      "import sys, time\nfrom multiprocessing.connection import Listener\nlistener = Listener(sys.argv[1])\nprint('up', flush=True)\ntime.sleep(1000)",
      path,
    );
    const inside = await Promise.all([Client(path), Client(path)]);
    expect(await rejection(Client(path, { timeout: 30 }))).toMatchObject({
      name: 'TimeoutError',
      message: expect.stringContaining('timed out after 30 ms'),
    });
    const stop = new AbortController();
    const connecting = Client(path, { signal: stop.signal });
    setTimeout(() => stop.abort('enough'), 20);
    expect(await connecting.catch((reason: unknown) => reason)).toBe('enough');
    for (const connection of inside) connection.close();
  });
});

describe('an abstract name', () => {
  const name = (what: string) => `\0forkyard-test-${process.pid}-${what}`;

  test('is taken as it is, and is free when the listener is closed', async () => {
    const listener = await listenerAt(name('exact'), { backlog: 7 });
    expect(listener.address).toBe(name('exact'));
    // Zeros are shown as @.
    const names = readFileSync('/proc/net/unix', 'utf8')
      .split('\n')
      .map((line) => line.split(' ').at(-1));
    expect(names).toContain(name('exact').replace('\0', '@'));
    expect(await rejection(new Listener(name('exact')).listening)).toMatchObject({
      code: 'ERR_FORKYARD_ADDRESS_IN_USE',
    });
    const [ours, theirs] = await Promise.all([listener.accept(), Client(name('exact'))]);
    await theirs.send([1, 'two']);
    expect(await ours.recv()).toEqual([1, 'two']);
    theirs.close();
    expect((await rejection(ours.recv())).name).toBe('EndOfFileError');
    ours.close();
    listener.close();
    const again = () =>
      Client(name('exact')).then(
        () => 'connected',
        (error) => error.code,
      );
    await until(async () => (await again()) === 'ERR_FORKYARD_CONNECTION_REFUSED');
  });

  test('is refused to a worker of node:cluster, which may listen elsewhere', async () => {
    const worker = new URL('../fixtures/connection/cluster-worker.mjs', import.meta.url);
    const { stdout, stderr } = await runScript(worker, { args: [newPath()] });
    expect({ stdout, stderr }).toEqual({
      stdout:
        'ResourceError Listener: it cannot be listened at by a worker of node:cluster: use a path or a port (ENOTSUP, listen)\n' +
        'listening\nended with 0\n',
      stderr: '',
    });
  });

  test.skipIf(!hasPython)('is the same for Python, which connects and listens', async () => {
    const listener = await listenerAt(name('here'));
    const { child, ended } = startPython(
      `
import sys
from multiprocessing.connection import Client, Listener
here, there = ('\\0' + name for name in sys.argv[1:])
with Client(here) as connection:
    connection.send_bytes(b'from Python')
with Listener(there) as listener:
    print('listening', flush=True)
    with listener.accept() as connection:
        connection.send_bytes(b'and back')
`,
      name('here').slice(1),
      name('there').slice(1),
    );
    const up = once(child.stdout, 'data');
    const connection = await listener.accept();
    expect(String(await connection.recvBytes())).toBe('from Python');
    connection.close();
    await up;
    const other = await Client(name('there'));
    expect(String(await other.recvBytes())).toBe('and back');
    other.close();
    await ended;
  });
});
