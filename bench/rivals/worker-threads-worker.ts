// What the threads of worker-threads.ts run. The task's name is their data.
import { parentPort, workerData } from 'node:worker_threads';
import type { CommonTaskName } from '../scenario.js';
import * as tasks from '../tasks.js';
import { replyTo } from './deal-in-turn.js';

const run = { ...tasks }[workerData as CommonTaskName] as (value: unknown) => unknown;

parentPort?.on('message', (message: { id: number; value: unknown }) => {
  parentPort?.postMessage(replyTo(message, run));
});
