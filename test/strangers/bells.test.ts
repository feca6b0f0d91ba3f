// Another user of this machine against the bells of a family: what everybody can read in /proc/net/unix, and send to.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Pool } from '../../lib/index.js';
import { tasks } from '../fixtures/pool/tasks.mjs';
import { openPool } from '../helpers/open-pool.js';
import { until } from '../helpers/until.js';

const nobody = 65_534;
// Only root can run a program as another user.
const canBeAnother = process.getuid?.() === 0;

/** The names of a process's bells, by the inodes of its sockets. */
function bellsOf(pid: number): string[] {
  const inodes = new Set<string>();
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    const inode = /^socket:\[(\d+)\]$/.exec(targetOf(`/proc/${pid}/fd/${fd}`))?.[1];
    if (inode !== undefined) inodes.add(inode);
  }
  return unixSockets().flatMap(({ inode, name }) => (inodes.has(inode) ? [name] : []));
}

function targetOf(link: string): string {
  try {
    return readlinkSync(link, 'utf8');
  } catch {
    return ''; // the descriptor of the listing itself
  }
}

const unixSockets = () =>
  readFileSync('/proc/net/unix', 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, inode, name] = / (\d+) @(forkyard-[0-9a-f]{16})$/.exec(line) ?? [];
      return inode === undefined || name === undefined ? [] : [{ inode, name }];
    });

const isTaken = (name: string) => unixSockets().some((socket) => socket.name === name);

const pidsOf = (pool: Pool) => pool.stats().workers.map(({ pid }) => pid as number);

/** Runs a Python program as another user; what it prints. Names of bells are its arguments. */
async function asStranger(program: string, names: readonly string[]): Promise<string> {
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
    const names = [process.pid, ...pidsOf(pool)].flatMap(bellsOf);
    expect(names.length).toBeGreaterThanOrEqual(3);
    expect(await asStranger(flood, names)).toBe('done\n');
    expect(await pool.map(tasks.square, [1, 2, 3])).toEqual([1, 4, 9]);
  });

  test('that takes the freed names of dead bells neither stops new workers nor makes calls fail', async () => {
    const pool = openPool(2);
    await pool.map(tasks.pid, [1, 2, 3, 4] as never);
    const pids = pidsOf(pool);
    const freed = pids.flatMap(bellsOf);
    expect(freed.length).toBe(pids.length);
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await until(() => !freed.some(isTaken));
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
});
