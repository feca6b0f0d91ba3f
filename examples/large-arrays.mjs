// Typed arrays and buffers of 16 KiB or more travel through shared memory: copied once on the way out,
// and what arrives is a view of that memory, without a second copy. The sender's array stays its own.
import { defineTasks, isMainProcess, memoryUse, Pool } from 'forkyard';

export const tasks = defineTasks(import.meta, {
  normalise({ samples }) {
    let peak = 0;
    for (const sample of samples) peak = Math.max(peak, Math.abs(sample));
    // What arrived belongs to the task: it can be written, and sent back.
    for (let i = 0; i < samples.length; i++) samples[i] /= peak;
    return { peak, samples };
  },
});

async function main() {
  const samples = Float64Array.from({ length: 2 ** 21 }, (_, i) => (i % 1000) - 500);
  const pool = new Pool(2);
  try {
    const result = await pool.apply(tasks.normalise, [{ samples }]);
    console.log(`${result.samples.byteLength / 2 ** 20} MiB back, peak ${result.peak}`);
    console.log(`first ${result.samples[0]}, ours still ${samples[0]}`);
    console.log('shared memory in use:', memoryUse().bytesInUse >= result.samples.byteLength);
  } finally {
    pool.terminate();
    await pool.join();
  }
}

if (isMainProcess) await main();
