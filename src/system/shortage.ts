// What the system ran out of when it refused a process, a thread, a descriptor or memory: the limit by its name, what it is now,
// and what to do about it.
import { readFileSync } from 'node:fs';

/** An error of Node or of the addon. */
interface Refusal {
  readonly code?: string;
  readonly syscall?: string;
}

const passing = new Set(['EAGAIN', 'EMFILE', 'ENFILE', 'ENOMEM', 'ENOBUFS']);

/** Whether the same call may succeed later, when others have ended: a limit, and not a mistake. */
export function isShortage(error: unknown): boolean {
  return passing.has((error as Refusal | undefined)?.code ?? '');
}

/** Whether it is descriptors that are missing. */
export function isDescriptorShortage(error: unknown): boolean {
  const { code } = (error ?? {}) as Refusal;
  return code === 'EMFILE' || code === 'ENFILE';
}

/** Completes "...: "; undefined where the error says all that is known. */
export function remedyFor(error: unknown): string | undefined {
  const { code, syscall = '' } = (error ?? {}) as Refusal;
  switch (code) {
    case 'EAGAIN':
      return `no more processes or threads can be made; let some end, or raise ${nameLimit('processes')} or pids.max of the control group`;
    case 'EMFILE':
      return `no descriptor is left for it; let some processes end, or raise ${nameLimit('open files')}`;
    case 'ENFILE':
      return 'the machine has no descriptor left; let some processes end, or raise fs.file-max (sysctl)';
    case 'ENOMEM':
      return `memory or address space is used up; raise ${nameLimit('address space')} or memory.max of the control group, or set vm.overcommit_memory to 0 or 1`;
    case 'EFBIG':
      return `shared memory counts as a file of at least 2 GiB, of which little is used; raise ${nameLimit('file size')}`;
    default:
      return syscall.includes('/proc') ? remedyForProc(code) : remedyForForbidden(code, syscall);
  }
}

function remedyForProc(code: string | undefined): string | undefined {
  if (code === 'ENOENT') return 'Forkyard needs /proc; mount it (mount -t proc proc /proc)';
  if (code === 'ESRCH') {
    return "/proc shows another PID namespace than this process's; mount it anew (unshare --mount-proc, or mount -t proc proc /proc)";
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return 'this process may not look into its own /proc/self/fd, as after a change of its user (setuid); make the change before the program starts (setpriv, su)';
  }
  return undefined;
}

function remedyForForbidden(code: string | undefined, syscall: string): string | undefined {
  if (code !== 'ENOSYS' && code !== 'EPERM') return undefined;
  if (!/^(memfd_create|pidfd_open|fcntl)/.test(syscall)) return undefined;
  return `this kernel or its sandbox (seccomp) does not allow ${syscall}; allow it, it is part of Linux since 5.4`;
}

const limits = {
  processes: { row: 'Max processes', option: 'ulimit -u' },
  'open files': { row: 'Max open files', option: 'ulimit -n' },
  'address space': { row: 'Max address space', option: 'ulimit -v' },
  'file size': { row: 'Max file size', option: 'ulimit -f' },
} as const;

/** "`ulimit -u` (15)"; without the number where there is none, or it cannot be read. */
function nameLimit(what: keyof typeof limits): string {
  const { row, option } = limits[what];
  const value = softLimit(row);
  return Number.isFinite(value) ? `\`${option}\` (${value})` : `\`${option}\``;
}

/** Of a row of /proc/self/limits; Infinity for "unlimited", and where it cannot be read. */
export function softLimit(row: string): number {
  try {
    const text = new RegExp(`^${row}\\s+(\\S+)`, 'm').exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return text === undefined || text === 'unlimited' ? Infinity : Number(text);
  } catch {
    return Infinity;
  }
}

// Above, it was hardly them.
const lowLimits = { processes: 1024, 'address space': 2 ** 36 };

/** The limits that end a process before its first line, of those that this one has; '' if it has none. */
export function limitsOfStart(): string {
  const rows = ['processes', 'address space'] as const;
  const low = rows.filter((what) => softLimit(limits[what].row) < lowLimits[what]);
  // Root is not bound by the first.
  const binding = low.filter((what) => what !== 'processes' || process.getuid?.() !== 0);
  return binding.length === 0 ? '' : `; perhaps it had too few of ${binding.map(nameLimit).join(' and ')}`;
}
