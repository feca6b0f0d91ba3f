// Messages that are made to hurt, sent to a program with a small heap: each is refused or received, and the program lives on.
// The table of what each kind of value takes per byte is listener-costs.test.ts.
import { createConnection } from 'node:net';
import { expect, test } from 'vitest';
import { frameOf } from '../../lib/connection/frame.js';
import { Tag } from '../../lib/serialize/wire-format.js';
import { newPath } from '../connection/support.js';
import { startScript } from '../helpers/run-script.js';
import { bigInt, nestedErrors, repeated, varint } from './attacks.js';

const receiver = new URL('../fixtures/strangers/receiver.mjs', import.meta.url);

/** What a receiver with a heap of so many MiB says of these messages. */
async function verdicts(
  messages: readonly Uint8Array[],
  { heap = 256, json = false } = {},
): Promise<string[]> {
  const path = newPath();
  const script = startScript(receiver, {
    args: [path, ...(json ? ['json'] : [])],
    execArgv: [`--max-old-space-size=${heap}`],
  });
  try {
    await script.waitForOutput(/listening/);
    const socket = createConnection(path);
    socket.on('error', () => {});
    for (const message of messages) socket.write(frameOf(message));
    socket.end();
    const { stdout, stderr, exitCode } = await script.ended;
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const lines = stdout.trim().split('\n');
    expect(lines.at(-1)).toMatch(/^alive with/);
    return lines.slice(1, -1);
  } finally {
    await script[Symbol.asyncDispose]();
  }
}

const plain = Uint8Array.from([Tag.Array, 1, 0x81, Tag.End]);
const resizable = [Tag.ResizableBuffer, 1, 0];

test('200 kB of resizable buffers do not use up the mappings of the program', async () => {
  const [first, second] = await verdicts([repeated(resizable, 65_000), plain]);
  expect(first).toMatch(/^refused ERR_FORKYARD_CORRUPT_MESSAGE: .*resizable buffers.*send typed arrays/);
  expect(second).toBe('received [object Array]');
});

test('messages with a few resizable buffers each do not use them up together', async () => {
  const few = repeated(resizable, 16);
  const heard = await verdicts([...new Array(3000).fill(few), plain]);
  expect(heard[0]).toBe('received [object Array]');
  expect(heard.filter((line) => line.startsWith('received'))).toHaveLength(4096 / 16 + 1);
  expect(heard.at(-2)).toMatch(/4096 resizable buffers of other programs are alive/);
});

test('errors that claim objects which they do not hold are refused at once', async () => {
  const [first, second] = await verdicts([nestedErrors(700, 4_000_000), plain]);
  expect(first).toMatch(/claim more objects than it can hold/);
  expect(second).toBe('received [object Array]');
});

test('errors with a crowd of properties that cannot be rebuilt are refused as a whole', async () => {
  // A frame of one byte that is no value.
  const property = [0x41, 0x61, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x3f];
  const count = 100_000;
  const bytes = new Uint8Array(4 + property.length * count + 1).fill(Tag.End);
  bytes.set([Tag.Error, 0, 0, 0x40]);
  for (let index = 0; index < count; index++) bytes.set(property, 4 + index * property.length);
  const [first] = await verdicts([bytes]);
  expect(first).toMatch(/too many parts/);
});

test('a BigInt of 24 MB is received with a heap of 256 MiB', async () => {
  expect(await verdicts([bigInt(24_000_000), plain])).toEqual([
    'received [object BigInt]',
    'received [object Array]',
  ]);
});

const text = (value: string) => [0x40 + value.length, ...Buffer.from(value)];
const hungry: [string, Uint8Array][] = [
  ['maps', repeated([Tag.Map, Tag.End], 4_000_000)],
  ['sets', repeated([Tag.Set, Tag.End], 4_000_000)],
  ['objects', repeated([Tag.Object, Tag.End], 12_000_000)],
  ['arrays', repeated([Tag.Array, 0, Tag.End], 10_000_000)],
  ['small numbers', repeated([0x81], 60_000_000)],
  ['dates', repeated([Tag.Date, 0, 0, 0, 0, 0, 0, 0, 0], 8_000_000)],
  ['errors', repeated([Tag.Error, 0, 0, ...text('E'), Tag.End], 4_000_000)],
  ['regular expressions', repeated([Tag.RegExp, 0x40, 0x40], 3_000_000)],
  ['empty typed arrays', repeated([Tag.Bytes, 4, 0], 4_000_000)],
  ['empty buffers', repeated([Tag.Bytes, 0, 0], 4_000_000)],
  ['sparse arrays', repeated([Tag.SparseArray, ...varint(5000), Tag.End], 2_000_000)],
  ['boxed numbers', repeated([Tag.Boxed, 0x81], 8_000_000)],
  ['BigInts', repeated([Tag.BigInt64, 1, 2, 3, 4, 5, 6, 7, 8], 12_000_000)],
];
test.each(hungry)('a heap of 128 MiB outlives a message of %s that would fill it', async (_, message) => {
  const [first, second] = await verdicts([message, plain], { heap: 128 });
  expect(first).toMatch(/^refused ERR_FORKYARD_CORRUPT_MESSAGE: .*of a heap of.*send less at once/);
  expect(second).toBe('received [object Array]');
});

test('a heap of 128 MiB outlives a message of JSON that would fill it', async () => {
  const message = Buffer.from(`[${'{},'.repeat(8_000_000)}0]`);
  const [first, second] = await verdicts([message, Buffer.from('[1]')], { heap: 128, json: true });
  expect(first).toMatch(/of a heap of/);
  expect(second).toBe('received [object Array]');
});
