// What runs while a value is encoded or decoded may use queues and pipes itself.
import { expect, test } from 'vitest';
import { Pipe, Queue, registerClass } from '../../lib/index.js';

test('a getter of a value that is being put may send bytes', () => {
  const queue = new Queue();
  const [here, there] = Pipe();
  const bytes = Buffer.from('hello, at greater length than what was encoded before');
  queue.putSync({
    before: 'before',
    get middle() {
      here.sendBytesSync(bytes);
      return 'middle';
    },
    after: 'after',
  });
  expect(queue.getSync()).toEqual({ before: 'before', middle: 'middle', after: 'after' });
  expect(there.recvBytesSync()).toEqual(bytes);
  here.close();
  there.close();
});

test('options may be read by code that puts something', async () => {
  const [outer, inner] = [new Queue<string>(), new Queue<string>()];
  const options = {
    get timeout() {
      inner.putSync('inner, and longer');
      return 1000;
    },
  };
  outer.putSync('outer', options);
  await outer.put('outer again', options);
  expect(outer.getManySync(3)).toEqual(['outer', 'outer again']);
  expect(inner.getManySync(3)).toEqual(['inner, and longer', 'inner, and longer']);
});

test('a conversion of a value that is being taken may put and take', () => {
  const side = new Queue<string>();
  class Nested {
    readonly text: string;
    constructor(text: string) {
      this.text = text;
    }
  }
  registerClass(Nested, {
    name: 'test.Nested',
    toWire: ({ text }) => text,
    fromWire: (text) => {
      side.putSync(`a longer text than the one in the middle of which this comes: ${text}`);
      return new Nested(side.getSync());
    },
  });
  const queue = new Queue<unknown>();
  queue.putSync([new Nested('a'), 'middle', new Nested('b'), 'end']);
  const [first, middle, second, end] = queue.getSync() as [Nested, string, Nested, string];
  expect([first.text.at(-1), middle, second.text.at(-1), end]).toEqual(['a', 'middle', 'b', 'end']);
});
