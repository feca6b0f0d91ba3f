// The main module of a Process's child: finds the target, runs it, reports its result or its error, as Python does.
import { markRemote } from '../serialize/remote-stack.js';
import { renamePath } from '../serialize/rename-path.js';
import { resolveTask } from '../task/resolve.js';
import type { ChildContext } from './child.js';
import { currentProcess, setCurrentProcess } from './current-process.js';
import { Process } from './process.js';
import { type TargetPayload, targetMessageType } from './target-message.js';

export async function main({ channel, payload }: ChildContext): Promise<void> {
  const report = (type: number, value: unknown): void => {
    channel.send({ type, id: 0, extra: 0 }, value);
    channel.wakePeerNow();
  };
  process.once('beforeExit', reportUnsettled);
  try {
    const result = await run(payload as TargetPayload);
    process.off('beforeExit', reportUnsettled);
    report(targetMessageType.result, result);
  } catch (reason) {
    process.off('beforeExit', reportUnsettled);
    const error = renamePath(reason, (path) => `result${path}`);
    // As Python prints the traceback of a process that nobody may be waiting for.
    console.error(error);
    markRemote(error, currentProcess());
    report(targetMessageType.failure, error);
    if (process.exitCode === undefined || process.exitCode === 0) process.exitCode = 1;
  }
}

async function run(payload: TargetPayload): Promise<unknown> {
  if (payload.target === undefined) return undefined;
  const target = await resolveTask(payload.target);
  if (payload.kind === 'target') return await (target as (...args: unknown[]) => unknown)(...payload.args);
  const instance = Process.revive(target as unknown as typeof Process, payload.fields);
  setCurrentProcess(instance);
  return await instance.run();
}

// The loop is empty and the target still waits: nothing can ever wake it. Node's own code for that is 13.
function reportUnsettled(): void {
  console.error('Forkyard: the target of this process waits for something that can no longer happen.');
  process.exitCode = 13;
}
