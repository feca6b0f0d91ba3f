// Another user of this machine against the bells of a family: what everybody can read in /proc/net/unix, and send to.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { tasks } from '../fixtures/pool/tasks.mjs';
import { openPool } from '../helpers/open-pool.js';
import { until } from '../helpers/until.js';

const nobody = 65_534;
// Only root can run a program as another user.
const canBeAnother = process.getuid?.() === 0;

const bells = () =>
  readFileSync('/proc/net/unix', 'utf8')
    .split('\n')
    .flatMap((line) => / @(forkyard-[0-9a-f]{16})$/.exec(line)?.[1] ?? []);

/** Runs a Python program as another user; what it prints. The names of all bells are its arguments. */
async function asStranger(program: string, names = bells()): Promise<string> {
  const child = spawn('python3', ['-c', program, ...names], {
    uid: nobody,
    gid: nobody,
    cwd: '/',
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const [status] = (await once(child, 'close')) as [number];
  expect(status).toBe(0);
  return output;
}

const flood = `
import socket, sys
from array import array
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.setblocking(False)
# A connection whose end waits for a minute for what its peer does not read.
listener = socket.create_server(('127.0.0.1', 0))
lingering = socket.create_connection(listener.getsockname())
accepted, _ = listener.accept()
lingering.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, (1).to_bytes(4, sys.byteorder) + (60).to_bytes(4, sys.byteorder))
for name in sys.argv[1:]:
    address = '\\0' + name
    for n in range(2000):
        try: s.sendto(b'x' * (n % 40), address)
        except OSError: pass
    for n in range(20):
        try: s.sendmsg([b'x' * 16], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array('i', [lingering.fileno()]))], 0, address)
        except OSError: pass
print('done')
`;

describe.skipIf(!canBeAnother)('another user', () => {
  test('that floods the bells and sends them descriptors wakes nobody and holds nobody up', async () => {
    const pool = openPool(2);
    await pool.map(tasks.pid, [1, 2, 3, 4] as never);
    const names = bells();
    expect(names.length).toBeGreaterThanOrEqual(3);
    expect(await asStranger(flood, names)).toBe('done\n');
    expect(await pool.map(tasks.square, [1, 2, 3])).toEqual([1, 4, 9]);
  });

  test('that takes the freed names of dead bells neither stops new workers nor makes calls fail', async () => {
    const pool = openPool(2);
    await pool.map(tasks.pid, [1, 2, 3, 4] as never);
    const before = bells();
    const pids = pool.stats().workers.map(({ pid }) => pid as number);
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await until(() => before.filter((name) => !bells().includes(name)).length >= pids.length);
    const freed = before.filter((name) => !bells().includes(name));
    // It holds them while the pool works on, connected elsewhere, so that what is sent there is refused.
    const holder = spawn(
      'python3',
      [
        '-c',
        `
import socket, sys
held = []
for name in sys.argv[1:]:
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind('\\0' + name)
    other = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); other.bind('')
    s.connect(other.getsockname()); held += [s, other]
print(len(held), flush=True)
sys.stdin.read()
`,
        ...freed,
      ],
      {
        uid: nobody,
        gid: nobody,
        cwd: '/',
        env: { PATH: process.env.PATH },
        stdio: ['pipe', 'pipe', 'inherit'],
      },
    );
    const [said] = (await once(holder.stdout, 'data')) as [Buffer];
    expect(Number(said)).toBe(2 * freed.length);
    try {
      expect(await pool.map(tasks.square, [1, 2, 3, 4], { chunkSize: 1 })).toEqual([1, 4, 9, 16]);
    } finally {
      holder.stdin.end();
      await once(holder, 'close');
    }
  });

  test('finds no bell by whose name it could tell the next', async () => {
    const pool = openPool(1);
    await pool.apply(tasks.pid);
    const numbers = new Set(bells().map((name) => name.slice(-16, -8)));
    expect(numbers.size).toBe(bells().length);
  });
});
