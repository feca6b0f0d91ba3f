// No pool: the task is run where it is called.
import { nodeRival } from './rival.js';

export const noPool = nodeRival({
  name: 'no-pool',
  runsIn: 'the caller',
  isPool: false,
  scenarios: ['service-js', 'service-short', 'service-gzip', 'service-markdown'].flatMap((name) => [
    name,
    `${name}-loaded`,
  ]),
  async load() {
    const tasks = await import('../service/tasks.js');
    return ({ task }) => {
      const run = { ...tasks }[task as keyof typeof tasks] as (value: unknown) => unknown;
      return { call: async (value) => run(value), close: async () => {} };
    };
  },
});
