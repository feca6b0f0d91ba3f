// Python on the other side, as client and as listener: real ones of each generation that this machine has, and a peer by hand
// that speaks the newer handshake in any case.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { Client, Listener } from '../../lib/connection.js';
import { AuthenticationError } from '../../lib/index.js';
import { rejection } from '../conformance/caught.js';
import { authkey, newPath } from './support.js';

const key = authkey.toString();
const peerFile = fileURLToPath(new URL('../fixtures/connection/peer.py', import.meta.url));

/** Programs with the arguments address and key. */
const clientProgram = `
import json, sys
from multiprocessing.connection import Client
with Client(sys.argv[1], authkey=sys.argv[2].encode()) as connection:
    connection.send_bytes(json.dumps({'from': 'Python', 'list': [1, None]}).encode())
    answer = json.loads(connection.recv_bytes())
    connection.send_bytes(b'')
    connection.send_bytes(bytes(range(256)) * 4096)
    print(answer, len(connection.recv_bytes()))
`;
const listenerProgram = `
import sys
from multiprocessing import AuthenticationError
from multiprocessing.connection import Listener
with Listener(sys.argv[1], authkey=sys.argv[2].encode()) as listener:
    print('listening', flush=True)
    while True:
        try:
            connection = listener.accept()
        except (AuthenticationError, EOFError, OSError) as error:
            print(type(error).__name__, flush=True)
            continue
        break
    try:
        while True:
            connection.send_bytes(connection.recv_bytes())
    except EOFError:
        print('end', flush=True)
`;

interface Python {
  readonly name: string;
  readonly command: string;
  /** Whether it knows more than MD5. */
  readonly isNew: boolean;
}

const pythons = findPythons();

test('there is a Python to talk to', () => {
  if (process.env['CI'] !== undefined) expect(pythons.length).toBeGreaterThan(0);
});

describe.each(pythons)('$name', ({ command, isNew }) => {
  test('as a client', async () => {
    const listener = new Listener(newPath(), { authkey, json: true, allowMd5: !isNew });
    await listener.listening;
    const python = start(command, ['-c', clientProgram, listener.address as string, key]);
    const connection = await listener.accept();
    expect(await connection.recv()).toEqual({ from: 'Python', list: [1, null] });
    await connection.send({ from: 'Node' });
    expect((await connection.recvBytes()).length).toBe(0);
    const large = await connection.recvBytes();
    expect([large.length, large[257]]).toEqual([2 ** 20, 1]);
    await connection.sendBytes(large);
    expect(await python.ended).toEqual({ output: "{'from': 'Node'} 1048576\n", code: 0 });
    connection.close();
    listener.close();
  });

  test('as a listener, which hears of a wrong key as we do', async () => {
    const path = newPath();
    const python = start(command, ['-c', listenerProgram, path, key]);
    await python.says('listening\n');
    const options = { allowMd5: !isNew, json: true };
    expect(await rejection(Client(path, { ...options, authkey: Buffer.from('wrong') }))).toMatchObject({
      code: 'ERR_FORKYARD_AUTHENTICATION',
    });
    const connection = await Client(path, { ...options, authkey });
    for (const value of [{ a: ['ä', 1.5] }, '', []]) {
      await connection.send(value);
      expect(await connection.recv()).toEqual(value);
    }
    const large = Buffer.alloc(5 * 2 ** 20, 'x');
    const echo = connection.recvBytes();
    await connection.sendBytes(large);
    expect(large.equals(await echo)).toBe(true);
    connection.close();
    expect(await python.ended).toEqual({ output: 'listening\nAuthenticationError\nend\n', code: 0 });
  });

  test('with a wrong key as a client: both are told', async () => {
    const listener = new Listener(newPath(), { authkey, allowMd5: !isNew });
    await listener.listening;
    const python = start(command, ['-c', clientProgram, listener.address as string, 'wrong']);
    expect(await rejection(listener.accept())).toMatchObject({ code: 'ERR_FORKYARD_AUTHENTICATION' });
    expect((await python.ended).code).toBe(1);
    listener.close();
  });

  if (isNew) return;
  test('is refused without allowMd5, on either side, and the error names it', async () => {
    const listener = new Listener(newPath(), { authkey });
    await listener.listening;
    const client = start(command, ['-c', clientProgram, listener.address as string, key]);
    const refused = await rejection(listener.accept());
    expect(refused).toBeInstanceOf(AuthenticationError);
    expect(refused.message).toContain('allowMd5: true');
    expect((await client.ended).code).toBe(1);
    listener.close();

    const path = newPath();
    const python = start(command, ['-c', listenerProgram, path, key]);
    await python.says('listening\n');
    const error = await rejection(Client(path, { authkey }));
    expect(error).toBeInstanceOf(AuthenticationError);
    expect(error.message).toContain('allowMd5: true');
    await python.says('EOFError\n');
    const connection = await Client(path, { authkey, allowMd5: true });
    connection.close();
    expect((await python.ended).code).toBe(0);
  });
});

describe.each(['sha256', 'sha384', 'sha3_256', 'sha3_384', 'md5'])('a peer that asks for %s', (digest) => {
  const isMd5 = digest === 'md5';

  test.skipIf(pythons.length === 0)('as a client', async () => {
    const listener = new Listener(newPath(), { authkey, allowMd5: isMd5 });
    await listener.listening;
    const peer = start('python3', [peerFile, 'client', listener.address as string, key, digest]);
    const connection = await listener.accept();
    expect((await connection.recvBytes()).toString()).toBe('hello');
    expect((await connection.recvBytes()).length).toBe(0);
    await connection.sendBytes(Buffer.from('heard'));
    expect(await peer.ended).toEqual({ output: "b'heard'\n", code: 0 });
    connection.close();
    listener.close();
  });

  test.skipIf(pythons.length === 0)('as a listener', async () => {
    const path = newPath();
    const peer = start('python3', [peerFile, 'server', path, key, digest]);
    await peer.says('listening\n');
    if (isMd5) {
      expect((await rejection(Client(path, { authkey }))).message).toContain('allowMd5: true');
      expect((await peer.ended).code).toBe(1);
      return;
    }
    const connection = await Client(path, { authkey });
    await connection.sendBytes(Buffer.from('echo'));
    expect((await connection.recvBytes()).toString()).toBe('echo');
    connection.close();
    expect((await peer.ended).code).toBe(0);
  });
});

function start(command: string, args: string[]) {
  const child = spawn(command, args, {
    timeout: 50_000,
    killSignal: 'SIGKILL',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const ended = once(child, 'close').then(([code]) => ({ output, code: code as number }));
  return {
    ended,
    /** Resolves when its output ends so. */
    says: async (text: string) => {
      while (!output.endsWith(text)) await Promise.race([once(child.stdout, 'data'), ended]);
    },
  };
}

/** `python3`, and what pyenv has beside it. */
function findPythons(): Python[] {
  const script =
    'import sys, multiprocessing.connection; print(sys.executable, "%d.%d" % sys.version_info[:2])';
  const root = process.env['PYENV_ROOT'] ?? `${process.env['HOME']}/.pyenv`;
  const listed = spawnSync('ls', [`${root}/versions`], { encoding: 'utf8' }).stdout.split('\n');
  const candidates = [
    'python3',
    ...listed
      .filter((name) => /^3\.(11|12|13|14)\./.test(name))
      .map((name) => `${root}/versions/${name}/bin/python3`),
  ];
  const found = candidates.map((command): Python | undefined => {
    const run = spawnSync(command, ['-c', script], { encoding: 'utf8' });
    if (run.status !== 0) return undefined;
    const [executable, version] = run.stdout.trim().split(' ');
    return { name: `Python ${version}`, command: executable, isNew: Number(version.split('.')[1]) >= 12 };
  });
  const byName = new Map(found.filter((each) => each !== undefined).map((each) => [each.name, each]));
  return [...byName.values()];
}
