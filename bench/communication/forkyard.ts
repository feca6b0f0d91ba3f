// Forkyard's side of run.ts: prints its figures as JSON. python.py and child-process.ts measure the same in the same way.
import { Pipe, Process, Queue } from 'forkyard';
import { median } from '../scenario.js';
import { now, type Period, tasks } from './tasks.js';

const scale = Number(process.argv[2] ?? 1);
const [small, objects, large, trips] = [1_000_000, 300_000, 3000, 20_000].map((n) =>
  Math.ceil(n * scale),
) as [number, number, number, number];
const object = { id: 12_345, name: 'an item of work', tags: ['red', 'green'] };
const batch = 100;

console.log(
  JSON.stringify({
    queueSmall: await perSecond(small, 7),
    queueObjects: await perSecond(objects, object),
    queueBatches: await batchesPerSecond(small),
    queueLoops: await perSecondByLoop(objects),
    queueTwoByTwo: await twoByTwo(small),
    queueLarge: ((await perSecond(large, new Uint8Array(2 ** 20), new Queue(8))) * 2 ** 20) / 1e9,
    pipeTripUs: await roundTrip(trips),
    pipeLoopTripUs: await roundTripByLoop(trips),
  }),
);

async function perSecond(times: number, item: unknown, queue = new Queue()): Promise<number> {
  const produced = await begun(tasks.produce, [queue, item, times]);
  const consumed = tasks.consume(queue, times);
  return rate(times, [await produced.result, consumed]);
}

async function batchesPerSecond(times: number): Promise<number> {
  const queue = new Queue();
  const produced = await begun(tasks.produceMany, [queue, 7, times, batch]);
  const from = now();
  for (let n = 0; n < times; ) n += queue.getManySync(batch).length;
  const consumed = { from, to: now() };
  return rate(times, [await produced.result, consumed]);
}

async function perSecondByLoop(times: number): Promise<number> {
  const queue = new Queue();
  const produced = await begun(tasks.produceByLoop, [queue, object, times]);
  const from = now();
  for (let n = 0; n < times; n++) await queue.get();
  const consumed = { from, to: now() };
  return rate(times, [await produced.result, consumed]);
}

async function twoByTwo(times: number): Promise<number> {
  const queue = new Queue();
  const processes = [1, 2].flatMap(() => [
    begun(tasks.produce, [queue, 7, times / 2]),
    begun(tasks.consume, [queue, times / 2]),
  ]);
  const periods = (await Promise.all(processes)).map(({ result }) => result);
  return rate(times, await Promise.all(periods));
}

/** A process that is at work: what blocks this thread does not keep it from starting. */
async function begun<Args extends unknown[], Result>(
  target: (...args: Args) => Result,
  args: Args,
): Promise<Process<Args, Awaited<Result>>> {
  const process = new Process<Args, Awaited<Result>>({ target: target as never, args });
  process.start();
  await process.started;
  return process;
}

function rate(times: number, periods: readonly Period[]): number {
  const from = Math.min(...periods.map((period) => period.from));
  const to = Math.max(...periods.map((period) => period.to));
  return (times / (to - from)) * 1000;
}

async function roundTrip(times: number): Promise<number> {
  const [here, there] = Pipe();
  const echoing = await begun(tasks.echo, [there]);
  const taken: number[] = [];
  for (let n = 0; n < times; n++) {
    const start = performance.now();
    here.sendSync(7);
    here.recvSync();
    taken.push(performance.now() - start);
  }
  here.sendSync(null);
  await echoing.result;
  return median(taken) * 1000;
}

async function roundTripByLoop(times: number): Promise<number> {
  const [here, there] = Pipe();
  const echoing = await begun(tasks.echoByLoop, [there]);
  const taken: number[] = [];
  for (let n = 0; n < times; n++) {
    const start = performance.now();
    await here.send(7);
    await here.recv();
    taken.push(performance.now() - start);
  }
  await here.send(null);
  await echoing.result;
  return median(taken) * 1000;
}
