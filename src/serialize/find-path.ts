// Finds where in a value the part lies that could not be encoded: a second, slow walk, only after a failure.
// What can be encoded at all is decided in encode-*.ts.
import { types } from 'node:util';
import type { WireRegistry } from './registry.js';

const kMaxVisits = 1_000_000;
const kMaxSegments = 12;

interface Step {
  readonly value: unknown;
  readonly segment: string;
  readonly parent: Step | undefined;
}

/** Marks a part whose reading threw. */
const unreadable = Symbol('unreadable');

/**
 * The path of `offender` in `root` (`args[0].user.callback`, '' for a root without a name), or without an offender that of
 * the first part whose reading throws. Where neither is found again (a getter that gives another value), the root's.
 */
export function findPath(
  root: unknown,
  rootName: string,
  registry: WireRegistry,
  ...offender: [unknown?]
): string {
  const sought = offender.length === 0 ? unreadable : offender[0];
  const pending: Step[] = [{ value: root, segment: rootName, parent: undefined }];
  const visited = new Set<unknown>();
  for (let visits = 0; pending.length > 0 && visits < kMaxVisits; visits++) {
    const step = pending.pop() as Step;
    if (Object.is(step.value, sought)) return render(step);
    if (typeof step.value !== 'object' || step.value === null || visited.has(step.value)) continue;
    visited.add(step.value);
    // Reversed, as the last pushed is taken first: the first in the order of encoding is to be found.
    pending.push(...partsOf(step, step.value, registry).reverse());
  }
  return rootName;
}

function partsOf(parent: Step, value: object, registry: WireRegistry): Step[] {
  const parts: Step[] = [];
  const add = (segment: string, read: () => unknown) => parts.push({ value: attempt(read), segment, parent });
  try {
    const entry = registry.findClass(Object.getPrototypeOf(value));
    if (entry?.toWire !== undefined) add('.toWire()', () => entry.toWire?.(value));
    else if (types.isMap(value)) addMap(value, add);
    else if (types.isSet(value))
      [...value].forEach((item, index) => void add(`.values()[${index}]`, () => item));
    else if (!types.isProxy(value) && !ArrayBuffer.isView(value) && !types.isNativeError(value))
      addFields(value, add);
  } catch {
    return [];
  }
  return parts;
}

function addMap(map: Map<unknown, unknown>, add: (segment: string, read: () => unknown) => void): void {
  let index = 0;
  for (const [key, item] of map) {
    const named = typeof key === 'string' || typeof key === 'number';
    add(`.keys()[${index}]`, () => key);
    add(named ? `.get(${JSON.stringify(key)})` : `.values()[${index}]`, () => item);
    index++;
  }
}

function addFields(value: object, add: (segment: string, read: () => unknown) => void): void {
  for (const key of Object.keys(value)) add(segmentOf(value, key), () => Reflect.get(value, key));
}

function segmentOf(owner: object, key: string): string {
  if (Array.isArray(owner) && /^\d+$/.test(key)) return `[${key}]`;
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key.slice(0, 80))}]`;
}

function attempt(read: () => unknown): unknown {
  try {
    return read();
  } catch {
    return unreadable;
  }
}

function render(last: Step): string {
  const segments: string[] = [];
  for (let step: Step | undefined = last; step !== undefined; step = step.parent) segments.push(step.segment);
  segments.reverse();
  if (segments.length > kMaxSegments)
    segments.splice(kMaxSegments / 2, segments.length - kMaxSegments, '...');
  const path = segments.join('');
  return path.startsWith('.') && !path.startsWith('...') ? path.slice(1) : path;
}
