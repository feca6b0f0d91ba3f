// Jobs for three workers, of which one is killed in the middle of a job. The other two do the rest, `join` ends all the same, and
// the queue says what became of the job: it is lost.
import { defineTasks, isMainProcess, JoinableQueue, Process, Queue } from 'forkyard';

const jobs = 30;
const deadly = 12;

export const tasks = defineTasks(import.meta, {
  async work(queue, results) {
    for await (const job of queue) {
      if (job === deadly) process.kill(process.pid, 'SIGKILL');
      await results.put({ job, square: job ** 2 });
      queue.taskDone();
    }
  },
});

if (isMainProcess) {
  const [queue, results] = [new JoinableQueue(), new Queue()];
  const workers = [1, 2, 3].map(() => new Process({ target: tasks.work, args: [queue, results] }));
  for (const worker of workers) worker.start();
  await queue.putMany(Array.from({ length: jobs }, (_, job) => job));

  await queue.join();
  const done = (await results.getMany(jobs)).map(({ job }) => job);
  console.log(`${done.length} of ${jobs} done, ${queue.lost} lost`);
  console.log(`job ${deadly} is among those done: ${done.includes(deadly)}`);

  // What is lost is not tried again by itself: it may have been half done.
  queue.close();
  await Promise.all(workers.map((worker) => worker.join()));
  const ends = workers.map(({ exitCode }) => exitCode).sort((a, b) => a - b);
  console.log(`the workers ended with ${ends.join(', ')}`);
}
