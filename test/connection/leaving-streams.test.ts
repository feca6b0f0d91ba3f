// Who leaves a stream of values early, or while one arrives, loses none: of queues, pipes and sockets alike.
import type { Readable } from 'node:stream';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Connection, Pipe, Queue } from '../../lib/index.js';
import { numbers } from '../queue/support.js';
import { pair } from './support.js';

interface Stage {
  readonly source: { readonly readable: ReadableStream<unknown>; toReadable(): Readable };
  give(value: number): Promise<void>;
  /** All that is left, after nothing more is given. */
  rest(): Promise<unknown[]>;
}

function stageOf(from: Connection, to: Connection): Stage {
  onTestFinished(() => {
    from.close();
    to.close();
  });
  return {
    source: to,
    give: (value) => from.send(value),
    async rest() {
      from.close();
      return collect(to);
    },
  };
}

const stages: Record<string, () => Promise<Stage>> = {
  async queue() {
    const queue = new Queue<number>();
    return {
      source: queue,
      give: (value) => queue.put(value),
      async rest() {
        queue.close();
        return collect(queue);
      },
    };
  },
  async pipe() {
    const [here, there] = Pipe();
    return stageOf(here, there);
  },
  async socket() {
    const ends = await pair();
    onTestFinished(() => ends.listener.close());
    return stageOf(ends.ours, ends.theirs);
  },
};

async function collect(source: AsyncIterable<unknown>): Promise<unknown[]> {
  const values: unknown[] = [];
  for await (const value of source) values.push(value);
  return values;
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe.each(Object.keys(stages))('of a %s', (kind) => {
  const make = stages[kind] as () => Promise<Stage>;

  test('leaving toReadable() early leaves the rest', async () => {
    const { source, give, rest } = await make();
    for (const value of numbers(5)) await give(value);
    for await (const value of source.toReadable()) {
      expect(value).toBe(0);
      // Time enough to read ahead.
      for (let n = 0; n < 5; n++) await turn();
      break;
    }
    expect(await rest()).toEqual([1, 2, 3, 4]);
  });

  test('who cancels at the moment at which a value arrives has it, or it is still there', async () => {
    const outcomes = new Set<string>();
    // So many microtasks after it was given.
    for (let after = 0; after < 40; after++) {
      const { source, give, rest } = await make();
      const reader = source.readable.getReader();
      const reading = reader.read();
      await turn();
      const given = give(1);
      for (let n = 0; n < after; n++) await Promise.resolve();
      await reader.cancel();
      await given;
      const { value } = await reading;
      const left = await rest();
      outcomes.add(value === undefined ? 'left' : 'read');
      expect(value === undefined ? left : [value, ...left]).toEqual([1]);
    }
    expect([...outcomes]).toContain('left');
  });

  test('who destroys a stream of Node at that moment, too', async () => {
    for (let after = 0; after < 40; after++) {
      const { source, give, rest } = await make();
      const stream = source.toReadable();
      const seen: unknown[] = [];
      stream.on('data', (value) => seen.push(value));
      await turn();
      const given = give(1);
      for (let n = 0; n < after; n++) await Promise.resolve();
      stream.destroy();
      await given;
      expect([...seen, ...(await rest())]).toEqual([1]);
    }
  });
});
