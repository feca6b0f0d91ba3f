// What keeps a program alive and what does not, each shown by a program of its own that ends by itself (or would not).
import { describe, expect, test } from 'vitest';
import { runScript, type ScriptResult } from './helpers/run-script.js';
import { allProcesses } from './helpers/system-state.js';
import { until } from './helpers/until.js';

const script = new URL('./fixtures/process/keep-alive.mjs', import.meta.url);

async function run(name: string): Promise<ScriptResult> {
  const result = await runScript(script, { args: [name], timeoutMs: 25_000 });
  expect(result.timedOut, `${name} had to be killed; it printed: ${result.stdout}${result.stderr}`).toBe(
    false,
  );
  return result;
}

/** It ended well, printed this, and warned of nothing. */
async function expectProgram(name: string, stdout: string | RegExp): Promise<void> {
  const result = await run(name);
  expect({ exitCode: result.exitCode, signal: result.signal, stderr: result.stderr }).toEqual({
    exitCode: 0,
    signal: null,
    stderr: '',
  });
  if (typeof stdout === 'string') expect(result.stdout).toBe(stdout);
  else expect(result.stdout).toMatch(stdout);
}

describe('a program ends by itself', () => {
  test.each([
    ['with nothing but an idle pool', 'idlePool', ''],
    ['with a pool that has done its work', 'usedPool', '[1,4,9]\n'],
    ['with a pool that was closed and not joined', 'closedPool', ''],
    ['with a pool that was terminated and not joined', 'terminatedPool', ''],
    ['with a joined pool', 'joinedPool', 'joined\n'],
    ['with an iterator that nobody reads further', 'abandonedIterator', 'one taken\n'],
    ['with an iterator that was broken off', 'brokenOff', 'broken off\n'],
    ['with a running daemon', 'daemon', ''],
    ['with a running daemon whose start it awaited', 'startedDaemon', /^\d+\n$/],
    ['with an unref’d process', 'unrefChild', ''],
    ['with a process that was never started', 'neverStarted', ''],
    ['when its own timer has fired, not before', 'timerDecides', 'the timer fired\n'],
    [
      'though what was to be forked had to be spawned',
      'spawnedInstead',
      'FORKYARD_NO_FORKSERVER\nboth run\n',
    ],
  ])('%s', (_name, program, stdout) => expectProgram(program, stdout));
});

describe('a program is kept alive', () => {
  test.each([
    ['by a pending apply', 'pendingApply', 'settled\n'],
    ['by a pending map of a closed pool', 'pendingMapAfterClose', '[25,36]\n'],
    ['by a pending next() of an iterator', 'pendingNext', '0 1\n4\n'],
    ['by a process that is no daemon', 'child', 'the child has printed\n'],
    ['by a daemon that is joined', 'joinedDaemon', 'true\n'],
    ['by a daemon whose result is awaited', 'resultOfDaemon', 'value\n'],
    ['by a daemon after ref()', 'refDaemon', 'the child has printed\n'],
  ])('%s', (_name, program, stdout) => expectProgram(program, stdout));
});

describe('rejections that nobody reads', () => {
  test.each([
    ['of failed, killed and not startable processes raise nothing', 'unreadRejections', ''],
    ['of a result that was read and dropped raise nothing', 'readAndDropped', ''],
    ['can be read late', 'lateRead', 'failed\n'],
  ])('%s', (_name, program, stdout) => expectProgram(program, stdout));
});

describe('a program that ends in the midst of work', () => {
  test.each([
    ['exitWhileBusy', 3],
    ['throwWhileBusy', 1],
  ])('%s: its own exit code, and nothing is left of it', async (program, code) => {
    const { exitCode, pid } = await run(program);
    expect(exitCode).toBe(code);
    const left = () => allProcesses().filter((info) => info.parentPid === pid && info.state !== 'Z');
    await until(() => left().length === 0, { what: () => JSON.stringify(left()) });
  });
});
