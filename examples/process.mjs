// One function in a process of its own: start it, read its result, wait for its end, see how it ended.
import { currentProcess, defineTasks, isMainProcess, Process, parentProcess } from 'forkyard';

export const tasks = defineTasks(import.meta, {
  greet(name) {
    return `Hello ${name}, from ${currentProcess().name}, child of ${parentProcess().name}`;
  },
  leave(code) {
    process.exit(code);
  },
  waitForever() {
    return new Promise((resolve) => setTimeout(resolve, 2 ** 30));
  },
});

async function main() {
  const greeter = new Process({ target: tasks.greet, args: ['Ada'], name: 'greeter' });
  greeter.start();
  console.log(await greeter.result);
  await greeter.join();
  console.log(`${greeter.name} ended with exit code ${greeter.exitCode}`);

  const leaver = new Process({ target: tasks.leave, args: [3] });
  leaver.start();
  await leaver.join();
  console.log(`process.exit(3): exit code ${leaver.exitCode}`);
  // Its result will never come, and that is an error for whoever asks for it.
  await leaver.result.catch((error) => console.log(`${error.name}, ${error.code}`));

  const waiter = new Process({ target: tasks.waitForever });
  waiter.start();
  await waiter.started;
  console.log('ended after 10 ms:', await waiter.join({ timeout: 10 }));
  waiter.kill();
  await waiter.join();
  console.log(`killed: exit code ${waiter.exitCode}, ${waiter.exitStatus.signal}`);
}

if (isMainProcess) await main();
