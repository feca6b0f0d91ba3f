// What the other processes do in forkyard.ts.
import { type Connection, defineTasks, type Queue } from 'forkyard';

/** When somebody was at it, in milliseconds of the clock that all processes have. */
export interface Period {
  readonly from: number;
  readonly to: number;
}

export const tasks = defineTasks(import.meta, {
  produce(queue: Queue, item: unknown, times: number): Period {
    const from = now();
    for (let n = 0; n < times; n++) queue.putSync(item);
    return { from, to: now() };
  },

  produceMany(queue: Queue, item: unknown, times: number, batch: number): Period {
    const from = now();
    const items = new Array<unknown>(batch).fill(item);
    for (let n = 0; n < times; n += batch) queue.putManySync(items);
    return { from, to: now() };
  },

  async produceByLoop(queue: Queue, item: unknown, times: number): Promise<Period> {
    const from = now();
    for (let n = 0; n < times; n++) await queue.put(item);
    return { from, to: now() };
  },

  consume(queue: Queue, times: number): Period {
    const from = now();
    for (let n = 0; n < times; n++) queue.getSync();
    return { from, to: now() };
  },

  echo(connection: Connection): void {
    for (;;) {
      const message = connection.recvSync();
      if (message === null) return;
      connection.sendSync(message);
    }
  },

  async echoByLoop(connection: Connection): Promise<void> {
    for (;;) {
      const message = await connection.recv();
      if (message === null) return;
      await connection.send(message);
    }
  },
});

export function now(): number {
  return performance.timeOrigin + performance.now();
}
