// The options of a pool's calls, interpreted once, at the call. Those of the pool itself are options.ts.
import { argumentTypeError } from '../errors.js';
import { checkOptions } from '../options/known-options.js';
import { countOf, duration, wholeNumber } from '../options/values.js';
import type { CallLimits } from './calls.js';

export interface CallOptions {
  /**
   * Milliseconds that the task may run, each item of a `map` by itself; waiting for a worker does not count. Then the
   * call rejects with `TaskTimeoutError`, and the worker is killed and replaced. Default: the pool's `taskTimeout`.
   */
  readonly timeout?: number | undefined;
  /**
   * How often a task is run again that threw, ran out of time or lost its worker. Its arguments must stay as they are
   * until the call is settled. Default: the pool's `retries`.
   */
  readonly retries?: number | undefined;
  /** Ends the call: it rejects with the signal's reason, and a worker that runs a task of it is killed and replaced. */
  readonly signal?: AbortSignal | undefined;
}

export interface MapOptions extends CallOptions {
  /** Items per message to a worker. Default of `map`: a quarter of a worker's share, at most 8192; of `imap`: 1. */
  readonly chunkSize?: number | undefined;
}

export interface ImapOptions extends MapOptions {
  /** Chunks that may be under way or wait to be taken: the input is read no further. Default 2 per worker. */
  readonly bufferSize?: number | undefined;
}

/** What map, starmap and imap are called with, not yet checked. */
export interface MapRequest {
  readonly task: unknown;
  readonly items: unknown;
  readonly options: MapOptions;
}

export interface ResolvedCall {
  readonly limits: CallLimits;
  readonly signal: AbortSignal | undefined;
  /** 0 if none was given. */
  readonly chunkSize: number;
  /** 0 if none was given. */
  readonly bufferSize: number;
}

const callNames = ['timeout', 'retries', 'signal'];

/** Throws what is wrong with them, or the reason of a signal that is aborted already. */
export function resolveCall(
  method: string,
  options: ImapOptions,
  settings: { readonly limits: CallLimits; readonly names: readonly string[] },
): ResolvedCall {
  checkOptions(method, options, [...callNames, ...settings.names]);
  const { timeout, retries, signal, chunkSize, bufferSize } = options;
  const { limits } = settings;
  const resolved: ResolvedCall = {
    limits:
      timeout === undefined && retries === undefined
        ? limits
        : {
            timeoutMs: timeout === undefined ? limits.timeoutMs : duration(method, 'timeout', timeout),
            retries: retries === undefined ? limits.retries : countOf(method, 'retries', retries),
          },
    signal: signal === undefined ? undefined : checkSignal(method, signal),
    chunkSize: chunkSize === undefined ? 0 : wholeNumber(method, 'chunkSize', chunkSize),
    bufferSize: bufferSize === undefined ? 0 : wholeNumber(method, 'bufferSize', bufferSize),
  };
  signal?.throwIfAborted();
  return resolved;
}

function checkSignal(method: string, signal: unknown): AbortSignal {
  if (signal instanceof AbortSignal) return signal;
  throw argumentTypeError(method, 'signal', 'an AbortSignal', signal);
}
