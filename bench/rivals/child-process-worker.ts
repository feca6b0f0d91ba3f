// What the forks of child-process.ts run. The task's name is the argument.
import { square, type TaskName, touchEnds } from '../tasks.js';

const run = { square, touchEnds }[process.argv[2] as TaskName] as (value: unknown) => unknown;

process.on('message', ({ id, value }: { id: number; value: unknown }) => {
  process.send?.({ id, result: run(value) });
});
