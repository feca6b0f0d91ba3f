// In a worker: from a reference to the function.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TaskResolutionError } from '../../lib/errors.js';
import { assertNotBootstrapping, isImportingTaskModule } from '../../lib/task/importing.js';
import { referenceOf, taskOf } from '../../lib/task/reference.js';
import { resolvedTask, resolveTask } from '../../lib/task/resolve.js';
import { runScript } from '../helpers/run-script.js';

const fixture = (file: string) => new URL(`../fixtures/tasks/${file}`, import.meta.url).href;
const arithmetic = fixture('arithmetic.mjs');

async function failureOf(module: string, name: string): Promise<TaskResolutionError> {
  const outcome: unknown = await resolveTask({ module, name }).catch((error: unknown) => error);
  if (outcome instanceof TaskResolutionError) return outcome;
  throw new Error(`not a TaskResolutionError: ${outcome}`);
}

async function call(module: string, name: string, ...args: unknown[]): Promise<unknown> {
  const run = (await resolveTask({ module, name })) as (...args: unknown[]) => unknown;
  return run(...args);
}

describe('finding', () => {
  test('defined tasks, exports and the default export', async () => {
    expect(await call(arithmetic, 'square', 7)).toBe(49);
    expect(await call(arithmetic, 'addLater', 1, 2)).toBe(3);
    expect(await call(arithmetic, 'triple', 2)).toBe(6);
    expect(await call(arithmetic, 'double', 4)).toBe(8);
    expect(await call(arithmetic, 'default', 4)).toBe(2);
    expect(await call('node:path', 'basename', '/a/b')).toBe('b');
  });

  test('imports a module once, however many ask at the same time', async () => {
    const module = `${arithmetic}?once`;
    const before = Number(Reflect.get(globalThis, 'arithmeticImports') ?? 0);
    await Promise.all(['square', 'double', 'triple', 'square'].map((name) => resolveTask({ module, name })));
    expect(Reflect.get(globalThis, 'arithmeticImports')).toBe(before + 1);
  });

  test('gives the same function again, then also without waiting', async () => {
    const reference = { module: `${arithmetic}?again`, name: 'square' };
    expect(resolvedTask(reference)).toBeUndefined();
    const run = await resolveTask(reference);
    expect(await resolveTask(reference)).toBe(run);
    expect(resolvedTask(reference)).toBe(run);
    expect(referenceOf(run as never)).toEqual(reference);
  });

  test('tasks and exports of a CommonJS module', async () => {
    const script = new URL(fixture('run-commonjs.mjs'));
    const { stdout, exitCode, stderr } = await runScript(script, {
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({
      reference: { module: fixture('commonjs.cjs'), name: 'addSecret' },
      results: [42, 'found', 'seen'],
    });
  });

  test('a task that arrives as an argument: a function that finds it when called, and can be sent on', async () => {
    const reference = { module: `${arithmetic}?argument`, name: 'square' };
    const stand = taskOf(reference) as (x: number) => unknown;
    expect(referenceOf(stand)).toEqual(reference);
    expect(await stand(5)).toBe(25);
    expect(taskOf(reference)).toBe(await resolveTask(reference));
  });
});

describe('not finding', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'forkyard-task-'));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  test('a name that is near to others lists them', async () => {
    const error = await failureOf(arithmetic, 'sqare');
    expect(error.message).toContain(
      `cannot run the task 'sqare': ${arithmetic} neither defines nor exports it`,
    );
    expect(error.message).toContain("did you mean 'square'");
    expect([error.module, error.task]).toEqual([arithmetic, 'sqare']);
  });

  test('a name that is near to none lists what there is', async () => {
    expect((await failureOf(arithmetic, 'x'.repeat(30))).message).toMatch(
      /it has square, addLater, triple, .*double/,
    );
    expect((await failureOf(fixture('arithmetic.mjs?v=3'), 'constructor')).message).toContain(
      'neither defines nor exports',
    );
  });

  test('what is no function', async () => {
    expect((await failureOf(arithmetic, 'limit')).message).toContain(
      'that is 5, not a function; export a function',
    );
    expect((await failureOf(arithmetic, 'tasks')).message).toContain('not a function');
  });

  test('a module that throws, with its error as cause', async () => {
    const error = await failureOf(fixture('throws.mjs'), 'run');
    expect(error.message).toContain('RangeError: no configuration');
    expect(error.cause).toMatchObject({ name: 'RangeError', code: 'E_CONFIG' });
    expect(isImportingTaskModule()).toBe(false);
  });

  test('a module that is not there, and then is', async () => {
    const file = join(folder, 'late.mjs');
    const module = pathToFileURL(file).href;
    expect((await failureOf(module, 'run')).cause).toMatchObject({ code: 'ERR_MODULE_NOT_FOUND' });
    await writeFile(file, 'export const run = () => "late";\n');
    expect(await call(`${module}?now`, 'run')).toBe('late');
  });

  test('a module that is no JavaScript', async () => {
    const file = join(folder, 'broken.mjs');
    await writeFile(file, 'export const = ;\n');
    expect((await failureOf(pathToFileURL(file).href, 'run')).cause).toBeInstanceOf(SyntaxError);
  });

  test('a module that throws what is no error', async () => {
    const file = join(folder, 'odd.mjs');
    await writeFile(file, 'throw undefined;\n');
    expect((await failureOf(pathToFileURL(file).href, 'run')).message).toContain('it threw undefined');
  });
});

describe('the fork-bomb guard', () => {
  test('is on while a module is imported, through its awaits, and off after', async () => {
    expect(isImportingTaskModule()).toBe(false);
    const observed = (await call(fixture('observes-import.mjs'), 'observed')) as Record<string, unknown>;
    expect(observed).toMatchObject({
      before: true,
      after: true,
      refusal: { code: 'ERR_FORKYARD_BOOTSTRAPPING' },
    });
    expect((observed.refusal as Error).message).toMatch(/^new Pool\(\): .*if \(isMainProcess\)/s);
    expect(isImportingTaskModule()).toBe(false);
    expect(() => assertNotBootstrapping('new Pool()')).not.toThrow();
  });

  test('a module that starts a pool is refused with the error of the guard itself', async () => {
    const outcome: unknown = await resolveTask({ module: fixture('starts-a-pool.mjs'), name: 'run' }).catch(
      (error) => error,
    );
    expect(outcome).toMatchObject({ name: 'ForkyardError', code: 'ERR_FORKYARD_BOOTSTRAPPING' });
  });
});
