// How shared values, arrays and their types travel: by reference to their memory, with their lock.
import { types } from 'node:util';
import type { WireExtension } from '../serialize/registry.js';
import { SharedBlock } from '../serialize/slabs.js';
import { isLockable, lockBlockOf } from './lockable.js';
import { assemble, type Shape, shapeOf } from './shape.js';
import { type ElementType, type StructSpec, StructType, sizeOf, structOf } from './struct-type.js';
import { typeNameOf } from './type-codes.js';

/** The fields of a shape, its type as plain data. */
interface Wire {
  readonly type: string | StructSpec;
  readonly length?: number;
  readonly offset: number;
  readonly block: SharedBlock;
  /** The lock's. */
  readonly lock?: SharedBlock;
}

/** Registered by reducers.ts, as the next one is. */
export const sharedObjectExtension: WireExtension<object> = {
  tag: 'forkyard.sharedctypes',
  // A proxy might throw from the question.
  matches: (value) => !types.isProxy(value) && shapeOf(value) !== undefined,
  encode(object): Wire {
    const { type, length, place } = shapeOf(object) as Shape;
    return {
      type: typeof type === 'string' ? type : type.spec,
      offset: place.offset,
      block: place.block,
      ...(length === undefined ? {} : { length }),
      // From now on others have the object: they must have its lock.
      ...(isLockable(object) ? { lock: lockBlockOf(object) } : {}),
    };
  },
  decode(plain) {
    const { type, length, offset, block, lock } = plain as Wire;
    const shape = { type: typeOf(type), length, place: { block, offset } };
    if (
      (lock !== undefined && !(lock instanceof SharedBlock)) ||
      !(block instanceof SharedBlock) ||
      offset + sizeOf(shape.type) * (length ?? 1) > block.buffer.byteLength
    ) {
      throw new TypeError('a shared object is damaged');
    }
    return assemble(shape, lock ?? false);
  },
};

export const structTypeExtension: WireExtension<StructType> = {
  tag: 'forkyard.struct',
  matches: (value) => !types.isProxy(value) && value instanceof StructType,
  encode: ({ spec }) => spec,
  decode: (spec) => structOf(spec as StructSpec),
};

function typeOf(type: Wire['type']): ElementType {
  if (typeof type !== 'string') return structOf(type);
  const name = typeNameOf(type);
  if (name === undefined) throw new TypeError('a shared object is damaged');
  return name;
}
