// Python's two pools of processes. The scenarios are written once more in python/, which prints its sample.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Sample } from '../scenario.js';
import type { Lacks, Rival } from './rival.js';

const run = promisify(execFile);

/** multiprocessing.Pool. */
export const python = pythonRival('python', {
  'surviving kills': 'a call whose worker died never ends',
  'event loop': 'has none',
});

/** concurrent.futures.ProcessPoolExecutor. */
export const pythonExecutor = pythonRival('python-executor', {
  imap: 'reads its whole input and gives all results',
  'single processes': 'has a pool alone',
  'surviving kills': 'is broken once a worker died',
  'event loop': 'has none',
});

/** multiprocessing.Process with its own fork server; `python` has the default method, fork. */
export const pythonForkserver = pythonRival('python-forkserver', {}, ['process-running', 'process-joined']);

function pythonRival(name: string, lacks: Lacks, scenarios?: readonly string[]): Rival {
  return {
    name,
    runsIn: 'processes',
    isPool: true,
    lacks,
    ...(scenarios && { scenarios }),
    async version() {
      const { stdout } = await run('python3', ['--version']);
      return stdout.replace('Python', '').trim();
    },
    async measure({ group, parameters = {} }, settings) {
      const script = fileURLToPath(new URL('./python/main.py', import.meta.url));
      const { stdout } = await run('python3', [
        script,
        name,
        group,
        JSON.stringify(parameters),
        JSON.stringify(settings),
      ]);
      return JSON.parse(stdout) as Sample;
    },
  };
}
