// The tasks as Forkyard wants them: a module that says where they live.
import { defineTasks } from 'forkyard';
import { square, touchEnds } from '../tasks.js';

export const tasks = defineTasks(import.meta, { square, touchEnds });
