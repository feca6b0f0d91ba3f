// Python's multiprocessing.Pool. The scenarios are written once more in python-pool.py, which prints its sample.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Sample } from '../scenario.js';
import type { Rival } from './rival.js';

const run = promisify(execFile);

export const python: Rival = {
  name: 'python',
  runsIn: 'processes',
  async version() {
    const { stdout } = await run('python3', ['--version']);
    return stdout.replace('Python', '').trim();
  },
  async measure({ name }, settings) {
    const script = fileURLToPath(new URL('./python-pool.py', import.meta.url));
    const { stdout } = await run('python3', [script, name, JSON.stringify(settings)]);
    return JSON.parse(stdout) as Sample;
  },
};
