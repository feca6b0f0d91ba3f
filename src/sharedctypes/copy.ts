// copy and synchronized: Python's multiprocessing.sharedctypes.
import { argumentTypeError, ForkyardError } from '../errors.js';
import { checkLock, isLockable, type Lockable, type SharedLock } from './lockable.js';
import { bytesAt } from './placed.js';
import { allocateShape, assemble, type Shape, shapeOf } from './shape.js';
import { sizeOf } from './struct-type.js';

/**
 * A shared copy of a value or array, with a lock of its own if the original has one. The bytes are copied as they are: where others
 * write at the same time, do it under the lock, `object.runSync(() => copy(object))`.
 */
export function copy<Shared extends object>(object: Shared): Shared {
  const original = checkShape('copy', object);
  const { type, length } = original;
  const shape = allocateShape(type, length);
  const bytes = sizeOf(type) * (length ?? 1);
  bytesAt(shape.place, bytes).set(bytesAt(original.place, bytes));
  return assemble(shape, isLockable(object) ? undefined : false) as Shared;
}

/**
 * The same memory as a `RawValue`, `RawArray`, or part of a struct, with a lock: an `RLock` of its own if none is given. Others that were
 * sent the raw object know nothing of it. Throws `ERR_FORKYARD_SYNCHRONIZED` if the object has a lock already.
 */
export function synchronized<Raw extends object>(raw: Raw, lock?: SharedLock): Raw & Lockable<Raw> {
  const shape = checkShape('synchronized', raw);
  if (isLockable(raw)) {
    throw new ForkyardError(
      'synchronized: the object has a lock already; use its getLock(), or give its getObj()',
      {
        code: 'ERR_FORKYARD_SYNCHRONIZED',
      },
    );
  }
  const given = lock === undefined ? undefined : checkLock('synchronized', lock);
  return assemble(shape, given) as Raw & Lockable<Raw>;
}

function checkShape(method: string, object: unknown): Shape {
  const shape = typeof object === 'object' && object !== null ? shapeOf(object) : undefined;
  if (shape === undefined) throw argumentTypeError(method, 'object', 'a shared value or array', object);
  return shape;
}
