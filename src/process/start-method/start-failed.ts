// The error of a start that the system refused.
import { getSystemErrorName } from 'node:util';
import { ProcessError } from '../../errors.js';
import type { Refusal } from '../../forking/serve.js';
import { isShortage, remedyFor } from '../../system/shortage.js';

export function startFailed(cwd: string | undefined, cause: unknown): ProcessError {
  // Of a directory that is not there, or a file that may not be run: where it was is what helps.
  const where = cwd === undefined ? '' : ` in ${cwd}`;
  const said = cause instanceof Error ? cause.message : String(cause);
  const remedy = remedyFor(cause);
  return new ProcessError(
    `The process could not be started${where}: ${remedy === undefined ? said : `${remedy} (${said})`}.`,
    { code: 'ERR_FORKYARD_START_FAILED', cause },
  );
}

/** A fork server could not do it: `errno` of fork(2). */
export function forkRefused(errno: number): ProcessError {
  const code = getSystemErrorName(-errno);
  const cause = Object.assign(new Error(`fork ${code}`), { code, errno: -errno, syscall: 'fork' });
  return startFailed(undefined, cause);
}

/** Whether a start failed for want of something that others may give back: it may be tried again. */
export function isPassingFailure(error: unknown): boolean {
  return error instanceof ProcessError && isShortage(error.cause);
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
