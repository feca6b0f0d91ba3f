// The main module of a Process's child: finds the target, runs it, reports its result or its error, as Python does.
import { markRemote } from '../serialize/remote-stack.js';
import { renamePath } from '../serialize/rename-path.js';
import { importStandIns } from '../task/reference.js';
import { resolveTask } from '../task/resolve.js';
import type { ChildContext } from './child.js';
import { currentProcess, setCurrentProcess } from './current-process.js';
import { offEarlyEnd, onEarlyEnd } from './early-end.js';
import { Process } from './process.js';
import { type TargetPayload, type TargetValues, targetMessageType } from './target-message.js';

const target = {
  // Node's own code for that is 13.
  onEmptyLoop(): void {
    console.error('Forkyard: the target of this process waits for something that can no longer happen.');
    process.exitCode = 13;
  },
};

export async function main({ channel, payload, takeValues }: ChildContext): Promise<void> {
  const report = (type: number, value: unknown): void => {
    channel.send({ type, id: 0, extra: 0 }, value);
    channel.wakePeerNow();
  };
  onEarlyEnd(target);
  try {
    const result = await run(payload as TargetPayload, takeValues);
    offEarlyEnd(target);
    report(targetMessageType.result, result);
  } catch (reason) {
    offEarlyEnd(target);
    const error = renamePath(reason, (path) => `result${path}`);
    // As Python prints the traceback of a process that nobody may be waiting for.
    console.error(error);
    markRemote(error, currentProcess());
    report(targetMessageType.failure, error);
    if (process.exitCode === undefined || process.exitCode === 0) process.exitCode = 1;
  }
}

// Imported first: its module may register the classes of its arguments, or of its fields.
async function run({ target }: TargetPayload, takeValues: () => unknown): Promise<unknown> {
  if (target === undefined) return undefined;
  const run = await resolveTask(target);
  const values = takeValues() as TargetValues;
  await importStandIns();
  if ('args' in values) return await (run as (...args: unknown[]) => unknown)(...values.args);
  const instance = Process.revive(run as unknown as typeof Process, values.fields);
  setCurrentProcess(instance);
  return await instance.run();
}
