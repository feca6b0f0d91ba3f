// Collects garbage in this process and lets the finalizers run.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

export async function collectGarbage(): Promise<void> {
  for (let n = 0; n < 2; n++) {
    gc();
    await nextTurn();
  }
}
