// When this process began: process.uptime(), and the origin of `performance`, whose times would be those of the server.
import { performance } from 'node:perf_hooks';

type Utilization = ReturnType<typeof performance.eventLoopUtilization>;

let originMs = 0;
let timeOrigin = performance.timeOrigin;
let uptimeAtFork = 0;
let utilizationAtFork: Utilization | undefined;
let utilizationBefore: Utilization | undefined;
let stoppedMs = 0;
let readNow: () => number = () => performance.now();
let readUptime: () => number = () => process.uptime();
let readUtilization: () => Utilization = () => performance.eventLoopUtilization();

/** In the server, before anybody else's code: who takes these functions then has the right ones later. */
export function makeClockForkable(): void {
  const now = performance.now.bind(performance);
  const mark = performance.mark.bind(performance);
  const measure = performance.measure.bind(performance);
  const uptime = process.uptime.bind(process);
  const utilization = performance.eventLoopUtilization.bind(performance);
  readNow = now;
  readUptime = uptime;
  readUtilization = utilization;
  define(process, 'uptime', () => uptime() - uptimeAtFork);
  define(performance, 'now', () => now() - originMs);
  define(performance, 'mark', (name: string, options?: PerformanceMarkOptions | null) =>
    mark(name, { ...options, startTime: options?.startTime ?? now() - originMs }),
  );
  // Without an end, the end is now.
  define(
    performance,
    'measure',
    (name: string, from?: string | PerformanceMeasureOptions | null, end?: string) => {
      const options = typeof from === 'object' ? (from ?? {}) : { start: from, end };
      const open = options.end === undefined && options.duration === undefined;
      return measure(name, { ...withoutUndefined(options), ...(open ? { end: now() - originMs } : {}) });
    },
  );
  define(performance, 'eventLoopUtilization', (first?: Utilization, second?: Utilization) =>
    first === undefined && utilizationAtFork !== undefined
      ? utilization(utilization(), utilizationAtFork)
      : utilization(first, second),
  );
  Object.defineProperty(performance, 'timeOrigin', {
    get: () => timeOrigin,
    configurable: true,
    enumerable: true,
  });
}

interface PerformanceMarkOptions {
  readonly detail?: unknown;
  readonly startTime?: number;
}

interface PerformanceMeasureOptions {
  readonly detail?: unknown;
  readonly start?: string | number | undefined;
  readonly end?: string | number | undefined;
  readonly duration?: number | undefined;
}

/** In the server, before it blocks: what its loop has done up to now. From then on it counts as active. */
export function stopClock(): void {
  restartClock();
  utilizationBefore = readUtilization();
  stoppedMs = readNow();
}

/** In the child, first of all; in a spare once more when it becomes one. */
export function restartClock(): void {
  const now = readNow();
  if (utilizationBefore !== undefined) {
    const { idle, active, utilization } = utilizationBefore;
    utilizationAtFork = { idle, active: active + now - stoppedMs, utilization };
  }
  timeOrigin += now - originMs;
  originMs = now;
  uptimeAtFork = readUptime();
}

function define(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable: true });
}

function withoutUndefined<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}
