// What connections of strangers leave behind in this process, once they are gone.
import { readdirSync, readlinkSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Client, type Connection, Listener } from '../../lib/connection.js';
import { until } from '../helpers/until.js';

function sockets(): number {
  let count = 0;
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      if (readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:')) count++;
    } catch {
      // The descriptor of the folder itself.
    }
  }
  return count;
}

async function echo(connection: Connection): Promise<void> {
  for await (const value of connection) await connection.send(value);
}

test.each([
  ['a Unix socket', undefined],
  ['TCP', ['127.0.0.1', 0] as const],
])('for await gives the socket back when the other side has closed: %s', async (_, address) => {
  const before = sockets();
  const listener = new Listener(address);
  await listener.listening;
  const loops: Promise<void>[] = [];
  const accepting = (async () => {
    for await (const connection of listener) loops.push(echo(connection));
  })();
  for (let round = 0; round < 20; round++) {
    const client = await Client(listener.address);
    await client.send(round);
    expect(await client.recv()).toBe(round);
    client.close();
  }
  listener.close();
  await accepting;
  await Promise.all(loops);
  await until(() => sockets() <= before);
});

test('after the end of for await there is still the end of file to receive, and nobody to send to', async () => {
  const listener = new Listener();
  await listener.listening;
  const client = await Client(listener.address as string);
  const connection = await listener.accept();
  client.close();
  for await (const _ of connection);
  await expect(connection.recv()).rejects.toMatchObject({ code: 'ERR_FORKYARD_END_OF_FILE' });
  await until(
    async () =>
      await connection.send(1).then(
        () => false,
        (error) => error.code === 'ERR_FORKYARD_BROKEN_PIPE',
      ),
  );
  connection.close();
  listener.close();
});
