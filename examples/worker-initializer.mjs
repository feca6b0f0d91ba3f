// Each worker prepares itself once, before its first task: here a dictionary, elsewhere a connection or a model.
import { defineTasks, isMainProcess, Pool } from 'forkyard';

// Of this process: every worker has its own.
let dictionary;
let prepared = 0;

export const tasks = defineTasks(import.meta, {
  async loadDictionary(language) {
    prepared++;
    dictionary = new Map(
      language === 'fr'
        ? [
            ['cat', 'chat'],
            ['dog', 'chien'],
          ]
        : [['cat', 'Katze']],
    );
  },
  translate(word) {
    return { word: dictionary.get(word) ?? word, prepared, pid: process.pid };
  },
});

async function main() {
  const pool = new Pool({ processes: 2, initializer: tasks.loadDictionary, initargs: ['fr'] });
  try {
    const results = await pool.map(tasks.translate, ['cat', 'dog', 'emu'], { chunkSize: 1 });
    console.log(results.map(({ word }) => word).join(' '));
    console.log(
      'prepared once in each worker:',
      results.every(({ prepared }) => prepared === 1),
    );
  } finally {
    pool.terminate();
    await pool.join();
  }
}

if (isMainProcess) await main();
