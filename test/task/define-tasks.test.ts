// Defining tasks, and from a task to the reference that a worker gets.
import { describe, expect, test } from 'vitest';
import { TaskResolutionError } from '../../lib/errors.js';
import { defineTasks, task } from '../../lib/task/define-tasks.js';
import { describeReference, referenceOf, taskOf } from '../../lib/task/reference.js';

let count = 0;
/** As `import.meta` of a module of its own. */
function newHome(): { url: string } {
  return { url: `file:///test/module-${count++}.mjs` };
}

describe('defineTasks', () => {
  test('gives back the functions, and remembers where they live', () => {
    const home = newHome();
    const square = (x: number) => x * x;
    const tasks = defineTasks(home, { square, later: async () => 1 });
    expect(tasks.square).toBe(square);
    expect(referenceOf(tasks.square)).toEqual({ module: home.url, name: 'square' });
    expect(referenceOf(tasks.later)).toEqual({ module: home.url, name: 'later' });
    expect(Object.isFrozen(tasks)).toBe(true);
  });

  test('a URL with a query is another module', () => {
    const home = newHome();
    const tasks = defineTasks({ url: `${home.url}?v=2` }, { run: () => 1 });
    expect(referenceOf(tasks.run).module).toBe(`${home.url}?v=2`);
  });

  test('a CommonJS module, by its file name', () => {
    const tasks = defineTasks({ filename: '/some where/a#b.cjs' }, { run: () => 1 });
    expect(referenceOf(tasks.run).module).toBe('file:///some%20where/a%23b.cjs');
  });

  test('a name can be used once in a module; nothing is defined by the call that is refused', () => {
    const home = newHome();
    defineTasks(home, { one: () => 1 });
    const two = () => 2;
    expect(() => defineTasks(home, { two, one: () => 3 })).toThrow(TaskResolutionError);
    expect(() => task(home, two, 'one')).toThrow(
      expect.objectContaining({ code: 'ERR_FORKYARD_DUPLICATE_TASK', task: 'one' }),
    );
    expect(() => referenceOf(two)).toThrow(TaskResolutionError);
    expect(referenceOf(defineTasks(home, { two }).two).name).toBe('two');
  });

  test('a module that is evaluated anew defines its tasks anew', () => {
    const home = newHome();
    defineTasks({ ...home }, { run: () => 1 });
    const again = defineTasks({ ...home }, { run: () => 2 });
    expect(taskOf(referenceOf(again.run))).toBe(again.run);
  });

  const refused: [string, () => unknown, string][] = [
    ['no import.meta', () => defineTasks(undefined as never, {}), 'ERR_INVALID_ARG_TYPE'],
    ['an import.meta without url', () => defineTasks({} as never, {}), 'ERR_FORKYARD_TASK_RESOLUTION'],
    [
      'a module that is no file',
      () => defineTasks({ url: 'data:text/javascript,1' }, {}),
      'ERR_FORKYARD_TASK_RESOLUTION',
    ],
    ['no tasks', () => defineTasks(newHome(), undefined as never), 'ERR_INVALID_ARG_TYPE'],
    ['what is no function', () => defineTasks(newHome(), { a: 5 as never }), 'ERR_INVALID_ARG_TYPE'],
    ['an empty name', () => defineTasks(newHome(), { '': () => 1 }), 'ERR_INVALID_ARG_TYPE'],
    [
      'a function without a name',
      () =>
        task(
          newHome(),
          (
            () => () =>
              1
          )(),
        ),
      'ERR_INVALID_ARG_TYPE',
    ],
    ['no function', () => task(newHome(), 'x' as never), 'ERR_INVALID_ARG_TYPE'],
  ];
  test.each(refused)('refuses %s', (_, define, code) => {
    expect(define).toThrow(expect.objectContaining({ code }));
  });

  test('a missing URL says what to do', () => {
    expect(() => defineTasks({ url: '' }, {})).toThrow(/import\.meta\.url is missing.*pass `module`/s);
  });
});

describe('task', () => {
  test('by its own name, or a given one', () => {
    const home = newHome();
    const run = task(home, function work() {});
    expect(referenceOf(run)).toEqual({ module: home.url, name: 'work' });
    expect(referenceOf(task(home, () => 1, 'other')).name).toBe('other');
  });
});

describe('referenceOf', () => {
  test('an explicit module', () => {
    const url = new URL('file:///a/b.mjs?x=1');
    expect(referenceOf({ module: url, name: 'run' })).toEqual({ module: 'file:///a/b.mjs?x=1', name: 'run' });
    expect(referenceOf({ module: url.href })).toEqual({ module: url.href, name: 'default' });
    expect(referenceOf({ module: '/a b/c.mjs' }).module).toBe('file:///a%20b/c.mjs');
    expect(referenceOf({ module: 'node:path', name: 'basename' })).toEqual({
      module: 'node:path',
      name: 'basename',
    });
  });

  test('a reference again', () => {
    const reference = { module: 'file:///a.mjs', name: 'x' };
    expect(referenceOf(reference)).toEqual(reference);
    expect(describeReference(reference)).toBe('a.mjs#x');
  });

  const relative = ['./work.js', '../work.js', 'work.js', 'lodash', '@scope/package', '#internal'];
  test.each(relative)('refuses %s, which depends on where it is read, with a remedy', (module) => {
    expect(() => referenceOf({ module }, 'Pool.map')).toThrow(TaskResolutionError);
    expect(() => referenceOf({ module }, 'Pool.map')).toThrow(/^Pool\.map: .*import\.meta\.(url|resolve)/s);
  });

  test('refuses what a worker cannot import', () => {
    for (const module of ['https://example.org/x.js', 'data:text/javascript,1', new URL('blob:nodedata:1')]) {
      expect(() => referenceOf({ module })).toThrow(TaskResolutionError);
    }
  });

  test('refuses a function that is no task, and says how to make it one', () => {
    function render() {}
    expect(() => referenceOf(render, 'Pool.apply')).toThrow(TaskResolutionError);
    expect(() => referenceOf(render, 'Pool.apply')).toThrow(
      /^Pool\.apply: .*defineTasks\(import\.meta, \{ render \}\)/s,
    );
    expect(() => referenceOf(() => 1)).toThrow(/a function is not a task/);
    expect(() => referenceOf(Math.max.bind(null) as never)).toThrow(TaskResolutionError);
  });

  test.each([undefined, null, 5, 'text', {}, { name: 'x' }])('refuses %o', (target) => {
    expect(() => referenceOf(target as never)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
    );
  });

  test.each([
    { module: 5 },
    { module: '' },
    { module: 'file:///a.mjs', name: '' },
    { module: 'file:///a.mjs', name: 5 },
  ])('refuses %o', (target) => {
    expect(() => referenceOf(target as never)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }),
    );
  });
});
