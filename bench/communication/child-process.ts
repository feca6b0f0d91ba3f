// The side of child_process in run.ts: prints its figures as JSON. It has messages from one process to another, and no queue.
import { type ChildProcess, fork, type Serializable } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { median } from '../scenario.js';

interface Order {
  readonly echo: boolean;
  readonly item: Serializable;
  readonly times: number;
}

const scale = Number(process.argv[2] ?? 1);
const isChild = process.send !== undefined;
if (isChild) process.once('message', (order: Order) => obey(order));
else await measureAll();

async function measureAll(): Promise<void> {
  const object = { id: 12_345, name: 'an item of work', tags: ['red', 'green'] };
  const [small, objects, large, trips] = [100_000, 50_000, 200, 10_000].map((n) => Math.ceil(n * scale)) as [
    number,
    number,
    number,
    number,
  ];
  console.log(
    JSON.stringify({
      queueSmall: await perSecond(small, 7, 'json'),
      queueObjects: await perSecond(objects, object, 'json'),
      queueLoops: await perSecond(objects, object, 'json'),
      queueLarge: ((await perSecond(large, new Uint8Array(2 ** 20), 'advanced')) * 2 ** 20) / 1e9,
      pipeLoopTripUs: await roundTrip(trips),
    }),
  );
}

async function perSecond(
  times: number,
  item: Serializable,
  serialization: 'json' | 'advanced',
): Promise<number> {
  const child = await start(serialization);
  const from = performance.now();
  child.send({ echo: false, item, times } satisfies Order);
  await new Promise<void>((done) => {
    let left = times;
    child.on('message', () => {
      if (--left === 0) done();
    });
  });
  const elapsed = performance.now() - from;
  child.kill();
  await once(child, 'exit');
  return (times / elapsed) * 1000;
}

async function roundTrip(times: number): Promise<number> {
  const child = await start('json');
  child.send({ echo: true, item: 0, times } satisfies Order);
  const taken: number[] = [];
  for (let n = 0; n < times; n++) {
    const from = performance.now();
    await new Promise<void>((done) => {
      child.once('message', () => done());
      child.send(7);
    });
    taken.push(performance.now() - from);
  }
  child.kill();
  await once(child, 'exit');
  return median(taken) * 1000;
}

async function start(serialization: 'json' | 'advanced'): Promise<ChildProcess> {
  const child = fork(fileURLToPath(import.meta.url), { serialization });
  await once(child, 'spawn');
  return child;
}

async function obey({ echo, item, times }: Order): Promise<void> {
  const send = process.send?.bind(process) as (message: Serializable, done?: () => void) => boolean;
  if (echo) {
    process.on('message', (message) => void send(message as Serializable));
    return;
  }
  // Back-pressure, so that messages do not pile up in the child: it waits whenever the channel says that it is full.
  for (let n = 0; n < times; n++) {
    if (!send(item)) await new Promise<void>((sent) => send(item, sent)).then(() => n++);
  }
}
