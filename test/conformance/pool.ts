// What every pool does, whatever its workers are: called once per backend with a function that makes such a pool.
// Deaths of workers, processors and descriptors are a matter of processes: test/pool/.
import { afterAll, beforeAll, describe } from 'vitest';
import type { Pool, PoolOptions } from '../../lib/index.js';
import { callsConform } from './pool-calls.js';
import { endsConform } from './pool-ends.js';
import { errorsConform } from './pool-errors.js';
import { streamsConform } from './pool-streams.js';

export function poolConformance(backend: string, make: (options: number | PoolOptions) => Pool): void {
  describe(`a pool of ${backend}`, () => {
    let pool: Pool;
    beforeAll(() => {
      pool = make(2);
    });
    afterAll(async () => {
      pool.terminate();
      await pool.join();
    });
    callsConform(() => pool);
    streamsConform(() => pool);
    errorsConform(() => pool);
    endsConform(make);
  });
}
