// What a task throws is what the caller catches: class, code, own properties, cause and the stack of the worker.
import {
  defineTasks,
  isMainProcess,
  Pool,
  RemoteError,
  registerErrorClass,
  SerializationError,
} from 'forkyard';

class OutOfStockError extends Error {
  name = 'OutOfStockError';
  constructor(item, left) {
    super(`only ${left} of ${item} left`);
    this.code = 'OUT_OF_STOCK';
    this.item = item;
  }
}
// Both sides import this module, so both know the class.
registerErrorClass(OutOfStockError);

export const tasks = defineTasks(import.meta, {
  order(item) {
    throw new OutOfStockError(item, 2);
  },
  parse(text) {
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw new TypeError('the request is not JSON', { cause });
    }
  },
  secretive() {
    // Nobody but this worker knows this class.
    class LocalError extends Error {}
    throw Object.assign(new LocalError('known here only'), { attempt: 7 });
  },
  giveFunction: () => ({ callback: () => {} }),
});

async function main() {
  const pool = new Pool(1);
  try {
    const caught = (promise) =>
      promise.then(
        () => undefined,
        (error) => error,
      );

    const order = await caught(pool.apply(tasks.order, ['pears']));
    console.log(order instanceof OutOfStockError, order.code, order.item);
    console.log('stack of the worker:', /at order .*errors-across-processes/.test(order.stack));

    const parse = await caught(pool.apply(tasks.parse, ['{']));
    console.log(parse instanceof TypeError, parse.cause instanceof SyntaxError);

    const secretive = await caught(pool.apply(tasks.secretive));
    console.log(secretive instanceof RemoteError, secretive.className, secretive.attempt);

    const unsendable = await caught(pool.apply(tasks.giveFunction));
    console.log(unsendable instanceof SerializationError, unsendable.path);
  } finally {
    pool.terminate();
    await pool.join();
  }
}

if (isMainProcess) await main();
