// The error of a start that the system refused.
import { ProcessError } from '../../errors.js';
import type { Refusal } from '../../forking/serve.js';

export function startFailed(cwd: string | undefined, cause: unknown): ProcessError {
  const where = cwd === undefined ? '' : ` in ${cwd}`;
  const message = cause instanceof Error ? cause.message : String(cause);
  return new ProcessError(`The process could not be started${where}: ${message}.`, {
    code: 'ERR_FORKYARD_START_FAILED',
    cause,
  });
}

/** Of a start for which this process has no descriptor left. */
export function noDescriptorLeft(cause: unknown): ProcessError {
  const { code } = cause as { code?: string };
  return new ProcessError(
    `The process could not be started: no descriptor is left for it (${code}). End some processes or raise \`ulimit -n\`.`,
    { code: 'ERR_FORKYARD_START_FAILED', cause },
  );
}

/** A fork server could not do it: `errno` of fork(2). */
export function forkRefused(errno: number): ProcessError {
  return new ProcessError(`The process could not be started: fork() failed with errno ${errno}.`, {
    code: 'ERR_FORKYARD_START_FAILED',
  });
}

/** A module that all children were to have could not be loaded. */
export function preloadFailed({
  specifier,
  reason,
  stack,
}: Omit<Refusal & { kind: 'preload' }, 'kind'>): ProcessError {
  const message = `The process could not be started: preloading ${specifier} failed: ${reason}`;
  // The error itself stayed where it was thrown.
  const cause = Object.assign(new Error(reason), stack === undefined ? {} : { stack });
  return new ProcessError(message, { code: 'ERR_FORKYARD_PRELOAD_FAILED', cause });
}
