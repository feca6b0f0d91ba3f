// A Python program listens, and Node is its client: rows of numbers go there as bytes, and their running sums come back into an
// array that is there already. Both must know the key. Needs python3.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { currentProcess } from 'forkyard';
import { Client } from 'forkyard/connection';

const python = `
import sys
from array import array
from itertools import accumulate
from multiprocessing.connection import Listener

key = bytes.fromhex(sys.stdin.readline())

with Listener(sys.argv[1], authkey=key) as listener:
    print('listening', flush=True)
    with listener.accept() as node:
        while True:
            try:
                row = array('d', node.recv_bytes())
            except EOFError:
                break
            node.send_bytes(array('d', accumulate(row)))
`;

// allowMd5 is for Python before 3.12; leave it out where you know that there is none.
const options = { authkey: currentProcess().authkey, allowMd5: true };
const folder = mkdtempSync(join(tmpdir(), 'python-listener-'));
const path = join(folder, 'socket');
const child = spawn('python3', ['-c', python, path], { stdio: ['pipe', 'pipe', 'inherit'] });
child.stdin.end(`${Buffer.from(options.authkey).toString('hex')}\n`);
await once(child.stdout, 'data');

const connection = await Client(path, { ...options, timeout: 30_000 });
const sums = new Float64Array(4);
for (const row of [
  [1, 2, 3, 4],
  [0.5, 0.5],
]) {
  await connection.sendBytes(new Float64Array(row));
  const bytes = await connection.recvBytesInto(sums, { timeout: 30_000 });
  const count = bytes / sums.BYTES_PER_ELEMENT;
  console.log(`running sums of ${row.join(' ')}, by Python: ${sums.subarray(0, count).join(' ')}`);
}
connection.close();
const [code] = await once(child, 'exit');
rmSync(folder, { recursive: true });
console.log(`python3 ended with ${code}`);
