// What the forks of child-process.ts run. The task's name is the argument.
import type { CommonTaskName } from '../scenario.js';
import * as tasks from '../tasks.js';
import { replyTo } from './deal-in-turn.js';

const run = { ...tasks }[process.argv[2] as CommonTaskName] as (value: unknown) => unknown;

process.on('message', (message: { id: number; value: unknown }) => {
  process.send?.(replyTo(message, run));
});
