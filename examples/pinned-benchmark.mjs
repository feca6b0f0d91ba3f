// Measures on one CPU after the other: each run is a process bound to exactly that CPU, at a priority of its own.
// A value above 0 needs no permission; priority: -5 needs CAP_SYS_NICE.
import { createHash } from 'node:crypto';
import { defineTasks, isMainProcess, Process } from 'forkyard';
import { getAffinity, getPriority } from 'forkyard/system';

export const tasks = defineTasks(import.meta, {
  hash(megabytes, rounds) {
    const block = Buffer.alloc(megabytes * 2 ** 20, 'forkyard');
    const times = [];
    for (let round = 0; round < rounds; round++) {
      const start = performance.now();
      createHash('sha256').update(block).digest();
      times.push(performance.now() - start);
    }
    times.sort((a, b) => a - b);
    return {
      medianMs: times[times.length >> 1],
      // The machine's state belongs to the figure.
      cpus: getAffinity(),
      priority: getPriority(),
    };
  },
});

async function main() {
  // One at a time, so that they do not measure each other.
  for (const cpu of getAffinity()) {
    const run = new Process({ target: tasks.hash, args: [4, 9], cpus: [cpu], priority: 5 });
    run.start();
    const { medianMs, cpus, priority } = await run.result;
    console.log(`CPU ${cpus.join()} at priority ${priority}: SHA-256 of 4 MiB in ${medianMs.toFixed(2)} ms`);
    await run.join();
  }
}

if (isMainProcess) await main();
