// What the compiler must accept and refuse of tasks; compiled, never run (types.test.ts). `@ts-expect-error` fails the
// compilation if the line below it is fine.
import { defineTasks, type Task, type TaskTarget, task } from '../../lib/task/define-tasks.js';
import { referenceOf } from '../../lib/task/reference.js';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const assertTrue = <T extends true>(_: T | undefined): void => {};

const tasks = defineTasks(import.meta, {
  square: (x: number) => x * x,
  async fetchSize(url: string, limit?: number) {
    return url.length + (limit ?? 0);
  },
  async *lines(file: string) {
    yield file;
  },
  nothing() {},
});

// The record keeps the types of its functions.
assertTrue<Equal<typeof tasks.square, (x: number) => number>>(undefined);
assertTrue<Equal<ReturnType<typeof tasks.fetchSize>, Promise<number>>>(undefined);
// @ts-expect-error the record is read-only
tasks.square = (x: number) => x;
// @ts-expect-error no such task
tasks.cube;

// What a pool makes of it.
declare function map<Item, Result>(
  target: TaskTarget<[Item], Result>,
  items: Iterable<Item>,
): Promise<Result[]>;
declare function apply<Args extends unknown[], Result>(
  target: TaskTarget<Args, Result>,
  args: Args,
): Promise<Result>;

assertTrue<Equal<ReturnType<typeof mapSquares>, Promise<number[]>>>(undefined);
const mapSquares = () => map(tasks.square, [1, 2, 3]);
assertTrue<Equal<ReturnType<typeof mapSizes>, Promise<number[]>>>(undefined);
const mapSizes = () => map(tasks.fetchSize, ['a', 'b']);
// @ts-expect-error strings are no numbers
void map(tasks.square, ['a']);
assertTrue<Equal<ReturnType<typeof applySize>, Promise<number>>>(undefined);
const applySize = () => apply(tasks.fetchSize, ['a', 5]);
// @ts-expect-error the limit is a number
void apply(tasks.fetchSize, ['a', 'b']);
// @ts-expect-error the url is missing
void apply(tasks.fetchSize, []);
void apply(tasks.nothing, []);

// One function; an explicit module; the wide types.
const triple = task(import.meta, function triple(x: number) {
  return 3 * x;
});
assertTrue<Equal<typeof triple, (x: number) => number>>(undefined);
void map({ module: new URL('./x.js', import.meta.url), name: 'run' }, [1]);
referenceOf(tasks.square);
referenceOf(tasks.fetchSize, 'Pool.map');
const anyTask: Task = tasks.square;
referenceOf(anyTask);

// @ts-expect-error a module without url or filename
defineTasks({}, {});
// @ts-expect-error five is no function
defineTasks(import.meta, { five: 5 });
declare const commonJs: { filename: string };
defineTasks(commonJs, { run: () => 1 });
