// The tasks of the service, as Forkyard wants them.
import { defineTasks } from 'forkyard';
import { compress, report, toHtml } from '../service/tasks.js';

export const tasks = defineTasks(import.meta, { compress, report, toHtml });
