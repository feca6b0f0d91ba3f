// Value and RawValue: one scalar, or one struct, that all processes of the family see. Python: multiprocessing.Value.
import { isLockable, type Lockable, type LockOptions, resolveLock } from './lockable.js';
import { allocateShape, assemble, shapeOf } from './shape.js';
import type { StructInput, StructOf } from './struct-shapes.js';
import { resolveType, type StructType } from './struct-type.js';
import type { TypeCode } from './type-codes.js';
import type { ScalarInputOf, ScalarValue } from './value-classes.js';
import { writeInto } from './write.js';

/** What a value, or an element of an array, can be. */
export type ValueType = TypeCode | StructType;

/** What it may begin as. */
export type InitialOf<Type extends ValueType> =
  Type extends StructType<infer Fields>
    ? StructInput<Fields>
    : Type extends TypeCode
      ? ScalarInputOf<Type>
      : never;

/** A value without a lock: `value` and atomics, or the fields of a struct. */
export type RawValue<Type extends ValueType = TypeCode> =
  Type extends StructType<infer Fields>
    ? StructOf<Fields>
    : Type extends TypeCode
      ? ScalarValue<Type>
      : never;

/** The same with a lock. */
export type Value<Type extends ValueType = TypeCode> = RawValue<Type> & Lockable<RawValue<Type>>;

interface ValueConstructor {
  /**
   * A scalar or struct in memory that every process sees to which it is sent. It is sent by reference, with its lock, in
   * arguments, results and inside of objects. It begins as zeros if `initial` is not given. Throws `TypeError` or `RangeError` for what
   * the type does not hold, `ResourceError` when shared memory is used up.
   */
  new <Type extends ValueType>(
    type: Type,
    initial: InitialOf<Type> | undefined,
    options: { readonly lock: false },
  ): RawValue<Type>;
  new <Type extends ValueType>(type: Type, initial?: InitialOf<Type>, options?: LockOptions): Value<Type>;
  readonly prototype: Value;
}

interface RawValueConstructor {
  /** As `Value`, without a lock. Atomics need none; what takes several steps does. */
  new <Type extends ValueType>(type: Type, initial?: InitialOf<Type>): RawValue<Type>;
  readonly prototype: RawValue;
}

// What is made is an object of its type's own class.
export const Value = class Value {
  constructor(type: ValueType, initial?: unknown, options?: LockOptions) {
    // biome-ignore lint/correctness/noConstructorReturn: see above
    return makeValue('new Value', { type, initial, options });
  }

  /** Python: isinstance(v, Synchronized). */
  static [Symbol.hasInstance](value: unknown): boolean {
    return isValue(value) && isLockable(value);
  }
} as unknown as ValueConstructor;

export const RawValue = class RawValue {
  constructor(type: ValueType, initial?: unknown) {
    // biome-ignore lint/correctness/noConstructorReturn: see above
    return makeValue('new RawValue', { type, initial, options: { lock: false } });
  }

  /** Those with a lock are it as well. */
  static [Symbol.hasInstance](value: unknown): boolean {
    return isValue(value);
  }
} as unknown as RawValueConstructor;

interface ValueArguments {
  readonly type: unknown;
  readonly initial: unknown;
  readonly options: unknown;
}

function makeValue(method: string, { type, initial, options }: ValueArguments): object {
  const element = resolveType(method, type);
  const lock = resolveLock(method, options);
  const shape = allocateShape(element);
  if (initial !== undefined)
    writeInto({ place: shape.place, type: element, method, label: 'initial' }, initial);
  return assemble(shape, lock);
}

function isValue(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const shape = shapeOf(value);
  return shape !== undefined && shape.length === undefined;
}
