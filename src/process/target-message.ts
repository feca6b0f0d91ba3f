// What a Process and the child that runs its target say to each other.
import { moduleUrl } from '../location.js';
import type { TaskReference } from '../task/reference.js';
import { bootMessageType } from './bootstrap.js';

/** Where it is written what the child does. */
export const targetMain = moduleUrl('process/run-target.js');

/** Parent to child: a function to call, or a registered subclass of Process to run. */
export type TargetPayload =
  | { readonly kind: 'target'; readonly target: TaskReference | undefined; readonly args: unknown[] }
  | { readonly kind: 'subclass'; readonly target: TaskReference; readonly fields: Record<string, unknown> };

/** Child to parent. */
export const targetMessageType = {
  result: bootMessageType.firstOwn,
  failure: bootMessageType.firstOwn + 1,
} as const;
