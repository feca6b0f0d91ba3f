// A trial of the service: fastify in this process, requests from another, perhaps programs that compete for the CPUs.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import Fastify from 'fastify';
import { getAffinity } from 'forkyard/system';
import { cpuMicroseconds } from '../cpu-time.js';
import type { BenchPool, Sample, Settings } from '../scenario.js';
import type { WorkName } from '../scenarios/service.js';
import { compress, makeSales, report, toHtml } from './tasks.js';

interface Trial {
  readonly work: WorkName;
  readonly isLoaded: boolean;
  readonly settings: Settings;
}

interface Work {
  readonly input: unknown;
  /** What the task gives for it. */
  readonly right: string | Uint8Array;
}

const connections = 16;

const works: Readonly<Record<WorkName, () => Work>> = {
  js: () => ({ input: 8000, right: report(8000) }),
  short: () => ({ input: 200, right: report(200) }),
  gzip() {
    const input = JSON.stringify(makeSales(3500));
    return { input, right: compress(input) };
  },
  markdown() {
    const input = makeDocument();
    return { input, right: toHtml(input) };
  },
};

export async function measureService(pool: BenchPool, { work, isLoaded, settings }: Trial): Promise<Sample> {
  const server = await startService(pool, works[work]());
  const load = startLoad(server.url);
  const children = [load.child, ...(isLoaded ? startCompetitors() : [])];
  try {
    return await measureLoad(
      load,
      children.map(({ pid }) => pid as number),
      settings,
    );
  } finally {
    for (const child of children) child.kill('SIGKILL');
    await server.close();
    await pool.close();
  }
}

/** `others`: whose CPU time is not the service's. */
async function measureLoad(load: Load, others: readonly number[], settings: Settings): Promise<Sample> {
  await load.run(2 * settings.warmUpMs);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const cpuBefore = cpuMicroseconds(others);
  const { perSecond, requests, failed, p50, p99, p99_9 } = await load.run(4 * settings.measureMs);
  const cpu = cpuMicroseconds(others) - cpuBefore;
  delay.disable();
  if (failed > 0) throw new Error(`${failed} requests gave no result, or a wrong one`);
  const details = {
    p50,
    p99,
    'p99.9': p99_9,
    loopP99: delay.percentile(99) / 1e6 - 1,
    cpuUs: cpu / requests,
  };
  return { value: perSecond, details };
}

async function startService(pool: BenchPool, { input, right }: Work) {
  const app = Fastify();
  app.get('/', async (_, reply) => {
    const result = (await pool.call(input)) as string | Uint8Array;
    if (result.length !== right.length || (typeof right === 'string' && result !== right))
      throw new Error('the task gave another result');
    if (typeof result === 'string') return reply.type('text/html').send(result);
    reply.header('content-encoding', 'gzip').type('application/json');
    return reply.send(Buffer.from(result.buffer, result.byteOffset, result.byteLength));
  });
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  return { url, close: () => app.close() };
}

interface Run {
  readonly requests: number;
  readonly perSecond: number;
  /** Milliseconds, whole ones. */
  readonly p50: number;
  readonly p99: number;
  readonly p99_9: number;
  readonly failed: number;
}

interface Load {
  readonly child: ChildProcess;
  readonly pid: number;
  run(ms: number): Promise<Run>;
}

function startLoad(url: string): Load {
  const script = fileURLToPath(new URL('../service/requests.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, url, String(connections)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout });
  return {
    child,
    pid: child.pid as number,
    async run(ms) {
      child.stdin.write(`${ms}\n`);
      const [line] = (await once(lines, 'line')) as [string];
      return JSON.parse(line) as Run;
    },
  };
}

/** A program on each CPU that takes what it can get. */
function startCompetitors(): ChildProcess[] {
  return getAffinity().map((cpu) =>
    spawn('taskset', ['-c', String(cpu), 'sh', '-c', 'while :; do :; done'], { stdio: 'ignore' }),
  );
}

function makeDocument(): string {
  const section = (_: unknown, i: number): string =>
    [
      `## Section ${i}`,
      `Some *emphasis*, a [link](https://example.org/${i}), \`code\` and **more of it**: a paragraph as there are many.`,
      '- one\n- two\n  - nested\n- three',
      `| a | b |\n|---|---|\n| ${i} | ${i * i} |`,
      `\`\`\`js\nconst answer = ${i};\n\`\`\``,
      '> A quotation that says nothing.\n\n1. first\n2. second',
    ].join('\n\n');
  return Array.from({ length: 16 }, section).join('\n\n');
}
