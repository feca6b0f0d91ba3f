// A Python program and a Node program talk over a Unix socket, as peers: first Python connects to a listener here, then the other
// way round. Both must know the key. Messages are JSON. Needs python3.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { currentProcess } from 'forkyard';
import { Client, Listener } from 'forkyard/connection';

const python = `
import json, sys
from multiprocessing.connection import Client, Listener

key = bytes.fromhex(sys.stdin.readline())

with Client(sys.argv[1], authkey=key) as node:
    numbers = json.loads(node.recv_bytes())
    node.send_bytes(json.dumps({'sum': sum(numbers), 'of': len(numbers)}).encode())

with Listener(sys.argv[1] + '-back', authkey=key) as listener:
    print('listening', flush=True)
    with listener.accept() as node:
        while True:
            try:
                word = json.loads(node.recv_bytes())
            except EOFError:
                break
            node.send_bytes(json.dumps(word[::-1]).encode())
`;

// allowMd5 is for Python before 3.12; leave it out where you know that there is none.
const options = { authkey: currentProcess().authkey, json: true, allowMd5: true };
const listener = new Listener(undefined, options);
await listener.listening;

const child = spawn('python3', ['-c', python, listener.address], { stdio: ['pipe', 'pipe', 'inherit'] });
child.stdin.end(`${Buffer.from(options.authkey).toString('hex')}\n`);

const client = await listener.accept({ timeout: 30_000 });
await client.send([1, 2, 3, 4.5]);
console.log('Python has added:', await client.recv());

await once(child.stdout, 'data');
const connection = await Client(`${listener.address}-back`, options);
for (const word of ['forkyard', 'stressed']) {
  await connection.send(word);
  console.log(`${word} backwards, by Python:`, await connection.recv());
}
connection.close();
const [code] = await once(child, 'exit');
console.log(`python3 ended with ${code}`);
