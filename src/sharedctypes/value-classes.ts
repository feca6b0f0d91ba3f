// The classes of scalars in shared memory, one for each type, so that V8 compiles each for its cells alone.
// Their public faces are value.ts.
import { inspect } from 'node:util';
import { argumentRangeError, ForkyardError } from '../errors.js';
import type { Place } from '../memory/pieces.js';
import { onDemand } from './on-demand.js';
import { Placed } from './placed.js';
import { noteScalarClass } from './scalar-types.js';
import { cellsOf, type Limits, limitsOf, type Scalar, scalarError, scalarOf } from './scalars.js';
import { bytesOf, type NameOf, type TypeCode, type TypeName } from './type-codes.js';

type IntegerName = Exclude<TypeName, 'float32' | 'float64' | 'char'>;

/** What a scalar gives when it is read. */
export type ScalarOf<Code extends TypeCode> =
  NameOf<Code> extends 'int64' | 'uint64' ? bigint : NameOf<Code> extends 'char' ? string : number;

/** What may be written to it. */
export type ScalarInputOf<Code extends TypeCode> =
  NameOf<Code> extends 'char' ? string | Uint8Array : ScalarOf<Code>;

/**
 * Read-modify-write steps of integers that no other process sees half done, without the lock. Each gives the value before.
 * What would leave the type's range is a `RangeError`, and changes nothing.
 */
export interface IntegerAtomics<Element> {
  add(by: Element): Element;
  sub(by: Element): Element;
  and(mask: Element): Element;
  or(mask: Element): Element;
  xor(mask: Element): Element;
  exchange(value: Element): Element;
  /** Stores `replacement` if the value is `expected`; it was stored if `expected` is returned. */
  compareExchange(expected: Element, replacement: Element): Element;
}

interface CharacterValue {
  /** A character up to U+00FF for each byte. */
  get value(): string;
  set value(character: string | Uint8Array);
}

/** A scalar in shared memory. */
export type ScalarValue<Code extends TypeCode> =
  NameOf<Code> extends 'char'
    ? CharacterValue
    : {
        /** Never torn. Throws `RangeError` or `TypeError` for what the type does not hold. */
        value: ScalarOf<Code>;
      } & (NameOf<Code> extends IntegerName ? IntegerAtomics<ScalarOf<Code>> : unknown);

export type ScalarClass = new (place: Place) => Placed & { value: unknown };

export const rawValueClass = onDemand(makeClass);

function makeClass(name: TypeName): ScalarClass {
  const scalar = scalarOf(name);
  const add = makeAdd(scalar, limitsOf(name));
  const check = (method: string, label: string, value: unknown): void => {
    if (!scalar.accepts(value)) throw scalarError(method, label, scalar, value);
  };
  // The cells stand here for those of any integers, and numbers for BigInts as well.
  const made = class RawValue extends Placed {
    readonly #cells: Int32Array<ArrayBuffer>;
    readonly #index: number;

    constructor(place: Place) {
      super(place);
      this.#cells = cellsOf(place.block, name) as Int32Array<ArrayBuffer>;
      this.#index = place.offset / bytesOf(name);
    }

    get value(): unknown {
      return scalar.read(this.#cells, this.#index);
    }

    set value(value: unknown) {
      if (!scalar.accepts(value)) throw scalarError('Value.value', 'value', scalar, value);
      scalar.write(this.#cells, this.#index, value);
    }

    add(by: number): number {
      return add('Value.add', this.#cells, this.#index, by);
    }

    sub(by: number): number {
      return add('Value.sub', this.#cells, this.#index, by, true);
    }

    and(mask: number): number {
      check('Value.and', 'mask', mask);
      return Atomics.and(this.#cells, this.#index, mask);
    }

    or(mask: number): number {
      check('Value.or', 'mask', mask);
      return Atomics.or(this.#cells, this.#index, mask);
    }

    xor(mask: number): number {
      check('Value.xor', 'mask', mask);
      return Atomics.xor(this.#cells, this.#index, mask);
    }

    exchange(value: number): number {
      check('Value.exchange', 'value', value);
      return Atomics.exchange(this.#cells, this.#index, value);
    }

    compareExchange(expected: number, replacement: number): number {
      check('Value.compareExchange', 'expected', expected);
      check('Value.compareExchange', 'replacement', replacement);
      return Atomics.compareExchange(this.#cells, this.#index, expected, replacement);
    }

    [inspect.custom](): string {
      return `${this.constructor.name}('${name}', ${inspect(this.value)})`;
    }
  };
  noteScalarClass(made, name);
  if (!scalar.isInteger) refuseAtomics(made.prototype, name);
  return made;
}

// Not added by the processor, which would wrap what leaves the range.
function makeAdd(scalar: Scalar, limits: Limits | undefined) {
  const { least, most } = limits ?? { least: 0, most: 0 };
  const isStep = scalar.kind === 'bigint' ? (by: unknown) => typeof by === 'bigint' : Number.isInteger;
  return (method: string, cells: Int32Array, index: number, by: number, isDown = false): number => {
    if (!isStep(by)) throw stepError(method, scalar, by);
    let old = cells[index] as number;
    for (;;) {
      const sum = isDown ? old - by : old + by;
      if (sum < least || sum > most) throw sumError(method, scalar, old, by);
      const seen = Atomics.compareExchange(cells, index, old, sum);
      if (seen === old) return old;
      old = seen;
    }
  };
}

function stepError(method: string, scalar: Scalar, by: unknown): Error {
  const expected = scalar.kind === 'bigint' ? 'a BigInt, such as 5n' : 'an integer';
  return scalarError(method, 'by', { ...scalar, expected }, by);
}

function sumError(method: string, { name }: Scalar, old: number, by: number): Error {
  return argumentRangeError(method, 'by', `such that the sum with ${old} is a '${name}'`, by);
}

// JavaScript has atomics of integers only. A caller without types is told so, rather than that there is no such method.
function refuseAtomics(prototype: object, name: TypeName): void {
  for (const method of ['add', 'sub', 'and', 'or', 'xor', 'exchange', 'compareExchange']) {
    const refuse = (): never => {
      throw new ForkyardError(
        `Value.${method}: a '${name}' has no atomics, integers have; change it under its lock: ` +
          'value.runSync(() => { value.value = ... })',
        { code: 'ERR_FORKYARD_NOT_ATOMIC' },
      );
    };
    Object.defineProperty(prototype, method, { value: refuse, writable: true, configurable: true });
  }
}
