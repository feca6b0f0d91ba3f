// The ends of pipes: closed, dropped, sent on, and in the hands of processes that end or are killed; and what keeps a program alive.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  type Connection,
  EndOfFileError,
  Event,
  ForkyardError,
  Pipe,
  Queue,
  toThread,
} from '../../lib/index.js';
import { expectClear, rejection, thrown } from '../conformance/caught.js';
import { tasks } from '../fixtures/pipe/tasks.mjs';
import { runScript } from '../helpers/run-script.js';
import { numbers, run, startMethods } from '../queue/support.js';

const timeout = 20_000;
const endOfFile = ['EndOfFileError', 'ERR_FORKYARD_END_OF_FILE'];
const brokenPipe = ['ForkyardError', 'ERR_FORKYARD_BROKEN_PIPE'];

describe.each(startMethods)('the other end is in another process (%s)', (startMethod) => {
  test.each([
    ['closes it', 'close'],
    ['returns', undefined],
    ['exits with 3', 3],
    ['kills itself', 'kill'],
  ] as const)('that %s: what it has sent comes, and then the end of file', async (_name, way) => {
    for (const receive of ['loop', 'blocking'] as const) {
      const [receiver, sender] = Pipe(receive === 'loop');
      const large = new Uint8Array(50_000).fill(5);
      run(tasks.sendAnd, [sender, [1, large, 'last'], way], { startMethod, stdio: 'ignore' });
      sender.close();
      const recv = () => (receive === 'loop' ? receiver.recv() : receiver.recvSync({ timeout }));
      expect(await recv()).toBe(1);
      expect(Buffer.compare((await recv()) as Uint8Array, large)).toBe(0);
      expect(await recv()).toBe('last');
      for (let again = 0; again < 2; again++) {
        const error = await rejection((async () => recv())());
        expectClear(error, {
          class: EndOfFileError,
          code: 'ERR_FORKYARD_END_OF_FILE',
          says: [/^Connection\.recv(Sync)?:/, 'nothing is left'],
        });
      }
      expect([receiver.pollSync(), await receiver.poll()]).toEqual([true, true]);
    }
  });

  test.each(['receiving', 'receivingSync'] as const)(
    '%s there, it hears that this end was closed',
    async (how) => {
      const [mine, theirs] = Pipe();
      const begun = new Event();
      const child = run(tasks[how], [theirs, begun], { startMethod });
      await begun.wait({ timeout });
      mine.close();
      expect(await child.result).toEqual(endOfFile);
    },
  );

  test.each(['sending', 'sendingSync'] as const)('%s there, it hears that nobody receives', async (how) => {
    const [receiver, sender] = Pipe(false);
    const begun = new Event();
    const child = run(tasks[how], [sender, begun, 'x'.repeat(10_000)], { startMethod });
    await begun.wait({ timeout });
    await receiver.recv();
    receiver.close();
    expect(await child.result).toEqual(brokenPipe);
  });

  test('killed while it holds the end: both who wait by promise and who block are told', async () => {
    const begun = new Event();
    const [a, b] = Pipe();
    const holder = run(tasks.hold, [b, begun], { startMethod });
    await begun.wait({ timeout });
    b.close();
    const other = run(tasks.receivingSync, [a, new Event()]);
    const waiting = rejection(a.recv({ timeout }));
    await other.started;
    holder.kill();
    expect(await waiting).toBeInstanceOf(EndOfFileError);
    expect(await other.result).toEqual(endOfFile);
    await holder.join();
    expect(await rejection(a.send(1))).toMatchObject({ code: 'ERR_FORKYARD_BROKEN_PIPE' });
    expect(thrown(() => a.sendSync(1))).toMatchObject({ code: 'ERR_FORKYARD_BROKEN_PIPE' });
  });

  test('killed while this thread is blocked at the pipe', async () => {
    const begun = new Event();
    const [a, b] = Pipe();
    const holder = run(tasks.hold, [b, begun], { startMethod });
    await begun.wait({ timeout });
    // Until then its pid is not known here, and a thread that is blocked would not learn it.
    await holder.started;
    b.close();
    holder.kill();
    expect(thrown(() => a.recvSync({ timeout }))).toBeInstanceOf(EndOfFileError);
  });

  test('killed while a sender waits for room', async () => {
    const begun = new Event();
    const [receiver, sender] = Pipe(false);
    const holder = run(tasks.hold, [receiver, begun], { startMethod });
    await begun.wait({ timeout });
    receiver.close();
    const sending = (async () => {
      for (;;) await sender.send('x'.repeat(10_000), { timeout });
    })();
    const other = run(tasks.sendingSync, [sender, new Event(), 'y'.repeat(10_000)]);
    await other.started;
    holder.kill();
    expect(await rejection(sending)).toMatchObject({ code: 'ERR_FORKYARD_BROKEN_PIPE' });
    expect(await other.result).toEqual(brokenPipe);
  });
});

describe('an end counts as open', () => {
  test('as long as anybody has it', async () => {
    const [receiver, sender] = Pipe(false);
    const begun = new Event();
    const holders = numbers(2).map(() => run(tasks.hold, [sender, begun]));
    await Promise.all(holders.map((child) => child.started));
    await begun.wait({ timeout });
    sender.close();
    holders[0]?.kill();
    await holders[0]?.join();
    expect(await receiver.poll(20)).toBe(false);
    holders[1]?.kill();
    expect(await rejection(receiver.recv({ timeout }))).toBeInstanceOf(EndOfFileError);
  });

  test('while it is on its way in a message, also of one who is dead', async () => {
    const queue = new Queue<Connection>();
    const [a, b] = Pipe();
    queue.putSync(b);
    b.close();
    expect(await a.poll(20)).toBe(false);
    a.sendSync('for whoever takes it');
    const received = queue.getSync();
    expect(await received.recv()).toBe('for whoever takes it');
    received.sendSync('answer');
    expect(await a.recv()).toBe('answer');
    // A queue that nobody has is no way out of it.
    queue.putSync(received);
    received.close();
    expect(await a.poll(20)).toBe(false);
    queue.getSync().close();
    expect(await rejection(a.recv({ timeout }))).toBeInstanceOf(EndOfFileError);
  });

  test('and in flight through the pipe itself, which then has no end that anybody could receive', async () => {
    const [a, b] = Pipe();
    const [c, d] = Pipe();
    a.sendSync({ d });
    d.close();
    c.sendSync('waits in it');
    const received = ((await b.recv()) as { d: Connection }).d;
    expect(await received.recv()).toBe('waits in it');
    received.close();
    expect(await rejection(c.recv({ timeout }))).toBeInstanceOf(EndOfFileError);
    a.close();
    expect(await rejection(b.recv({ timeout }))).toBeInstanceOf(EndOfFileError);
  });

  test('in a thread, until it ends', async () => {
    const [a, b] = Pipe();
    const worker = new Worker(new URL('../fixtures/pipe/thread.mjs', import.meta.url), {
      workerData: toThread(b),
    });
    onTestFinished(async () => void (await worker.terminate()));
    a.sendSync('to the thread');
    expect(await a.recv({ timeout })).toBe('to the thread');
    b.close();
    a.sendSync('to the thread alone');
    expect(await a.recv({ timeout })).toBe('to the thread alone');
    const exit = once(worker, 'exit');
    await worker.terminate();
    await exit;
    expect(await rejection(a.recv({ timeout }))).toBeInstanceOf(EndOfFileError);
  });
});

test('both ends in other processes, none here', async () => {
  const [a, b] = Pipe();
  const receiving = run(tasks.takeSome, [b]);
  run(tasks.sendAnd, [a, numbers(100), undefined]);
  a.close();
  b.close();
  expect(await receiving.result).toEqual(numbers(100));
});

describe('after close', () => {
  test('every method says so; what waits is rejected; again, it does nothing', async () => {
    const [a, b] = Pipe();
    const waiting = [rejection(a.recv()), rejection(a.poll(Infinity))];
    a.close();
    a.close();
    expect([a.closed, b.closed]).toEqual([true, false]);
    const errors = [
      ...(await Promise.all(waiting)),
      await rejection(a.send(1)),
      await rejection(a.recv()),
      await rejection(a.poll()),
      thrown(() => a.sendSync(1)),
      thrown(() => a.recvSync()),
      thrown(() => a.recvBytesSync()),
      thrown(() => a.pollSync()),
    ];
    for (const error of errors) {
      expectClear(error, {
        class: ForkyardError,
        code: 'ERR_FORKYARD_CLOSED',
        says: [/^Connection\.\w+/, 'open'],
      });
    }
    expect(thrown(() => new Queue().putSync(a))).toMatchObject({ code: 'ERR_FORKYARD_CLOSED' });
  });

  test('what was sent before is received, also large things', async () => {
    const [a, b] = Pipe();
    const [c, d] = Pipe();
    a.sendSync({ block: new Uint8Array(100_000).fill(7), d });
    d.close();
    a.close();
    const got = (await b.recv()) as { block: Uint8Array; d: Connection };
    expect([got.block.length, got.block[99_999]]).toEqual([100_000, 7]);
    got.d.close();
    expect(await rejection(c.recv({ timeout }))).toBeInstanceOf(EndOfFileError);
    expect(await rejection(b.recv())).toBeInstanceOf(EndOfFileError);
    expect(thrown(() => b.sendSync(1))).toMatchObject({ code: 'ERR_FORKYARD_BROKEN_PIPE' });
    // Only now is it over for whoever waits: this end is still open.
    expect(b.closed).toBe(false);
  });

  test('disposed is closed', () => {
    const [a, b] = Pipe();
    a[Symbol.dispose]();
    expect(a.closed).toBe(true);
    expect(b.pollSync(timeout)).toBe(true);
  });
});

describe('a program', () => {
  const script = new URL('../fixtures/pipe/keep-alive.mjs', import.meta.url);

  test.each([
    ['ends by itself though ends and queues are open', 'idle', ''],
    ['ends though an end that is not ref’d waits', 'unref', ''],
    ['is kept alive by a recv', 'recv', 'received\n'],
    ['is kept alive by an end that was unref’d and ref’d again', 'ref', 'received\n'],
    ['is kept alive by a get', 'get', 'got\n'],
    ['is kept alive by wait()', 'wait', 'ready\n'],
    ['hears the end of an end that is collected', 'dropped', 'end of file\n'],
  ])('%s', async (_name, program, stdout) => {
    const result = await runScript(script, { args: [program], timeoutMs: 25_000 });
    const { exitCode, timedOut, stderr } = result;
    expect({ exitCode, timedOut, stderr, stdout: result.stdout }).toEqual({
      ...{ exitCode: 0, timedOut: false, stderr: '', stdout },
    });
  });
});
