// The tasks as Forkyard wants them: a module that says where they live.
import { defineTasks } from 'forkyard';
import * as functions from '../tasks.js';

export const tasks = defineTasks(import.meta, { ...functions });
