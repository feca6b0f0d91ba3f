// What a Process and the child that runs its target say to each other.
import type { RingReader } from '../channel/ring-reader.js';
import { moduleUrl } from '../location.js';
import type { TaskReference } from '../task/reference.js';
import type { Settleable } from '../util/settleable.js';
import { bootMessageType } from './bootstrap.js';

/** Where it is written what the child does. */
export const targetMain = moduleUrl('process/run-target.js');

/** Parent to child: a function to call, or a registered subclass of Process to run. */
export type TargetPayload =
  | { readonly kind: 'target'; readonly target: TaskReference | undefined }
  | { readonly kind: 'subclass'; readonly target: TaskReference };

/** What it is run with, which may take its module to decode. */
export type TargetValues = { readonly args: unknown[] } | { readonly fields: Record<string, unknown> };

/** Child to parent. */
export const targetMessageType = {
  result: bootMessageType.firstOwn,
  failure: bootMessageType.firstOwn + 1,
} as const;

/** Settles the parent's result by the message at which `reader` stands. */
export function settleBy(reader: RingReader, result: Settleable<unknown>): void {
  try {
    const value = reader.decode();
    if (reader.type === targetMessageType.result) result.resolve(value);
    else result.reject(value);
  } catch (error) {
    result.reject(error);
  }
}
