// How often the threads of some processes were woken, and how long they ran: from /proc, without touching them.
// What they did when they were awake is strace's to tell: idle.ts.
import { readdirSync, readFileSync } from 'node:fs';

export interface ThreadActivity {
  readonly pid: number;
  readonly thread: string;
  readonly name: string;
  /** Times that it went to sleep by itself, so times that it was woken. */
  readonly sleeps: number;
  readonly runMs: number;
}

export function activityOf(pids: readonly number[]): ThreadActivity[] {
  return pids.flatMap((pid) =>
    readdirSync(`/proc/${pid}/task`).map((thread) => activityOfThread(pid, thread)),
  );
}

/** The threads that were active in between, with what was added. */
export function activeBetween(
  before: readonly ThreadActivity[],
  after: readonly ThreadActivity[],
): ThreadActivity[] {
  const earlier = new Map(before.map((activity) => [`${activity.pid}/${activity.thread}`, activity]));
  return after
    .map((activity) => {
      const { sleeps = 0, runMs = 0 } = earlier.get(`${activity.pid}/${activity.thread}`) ?? {};
      return { ...activity, sleeps: activity.sleeps - sleeps, runMs: activity.runMs - runMs };
    })
    .filter(({ sleeps, runMs }) => sleeps > 0 || runMs > 0);
}

function activityOfThread(pid: number, thread: string): ThreadActivity {
  const folder = `/proc/${pid}/task/${thread}`;
  const status = readFileSync(`${folder}/status`, 'utf8');
  const [, sleeps] = /^voluntary_ctxt_switches:\s+(\d+)$/m.exec(status) as RegExpExecArray;
  const [ranNs] = readFileSync(`${folder}/schedstat`, 'utf8').split(' ');
  const name = readFileSync(`${folder}/comm`, 'utf8').trim();
  return { pid, thread, name, sleeps: Number(sleeps), runMs: Number(ranNs) / 1e6 };
}
