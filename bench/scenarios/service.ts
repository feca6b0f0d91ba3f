// A pool in a web service: fastify and the pool in this process, its load in another, all on the same CPUs; quiet, and with a
// program on each CPU that never rests. The service is ../service/, and loaded only for a trial of it.
import type { Scenario } from '../scenario.js';
import { bestInFigure, timesBest } from '../targets.js';

const works = [
  { name: 'js', title: '3 ms of JavaScript', task: 'report' },
  { name: 'short', title: '50 µs of JavaScript', task: 'report' },
  { name: 'gzip', title: 'JSON of 200 KB and gzip', task: 'compress' },
  { name: 'markdown', title: 'Markdown of 5 KB', task: 'toHtml' },
] as const;

export type WorkName = (typeof works)[number]['name'];

export const service: readonly Scenario[] = [false, true].flatMap((isLoaded) =>
  works.map(
    ({ name, title, task }): Scenario => ({
      name: `service-${name}${isLoaded ? '-loaded' : ''}`,
      group: 'service',
      title: `A service, ${title} for each request${isLoaded ? ', on busy CPUs' : ''}`,
      task,
      taskModule: 'service',
      unit: 'requests/s',
      better: 'higher',
      rivals: ['forkyard', 'piscina', 'tinypool', 'no-pool'],
      // One of the eight is enough for a quick look.
      ...(name === 'short' && !isLoaded ? {} : { fullOnly: true }),
      targets: [timesBest(1), bestInFigure('p99'), bestInFigure('cpuUs')],
      async measure(open, settings) {
        const { measureService } = await import('../service/measure.js');
        return await measureService(await open(), { work: name, isLoaded, settings });
      },
    }),
  ),
);
