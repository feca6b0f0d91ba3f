// struct: a type made of named fields, laid out as C does. Python: ctypes.Structure. Its objects are struct-classes.ts.
import { argumentRangeError, argumentTypeError } from '../errors.js';
import { wholeNumber } from '../options/values.js';
import { nearestNames } from '../util/nearest-names.js';
import { lockableNames } from './lockable.js';
import { bytesOf, knownCodes, type TypeCode, type TypeName, typeNameOf } from './type-codes.js';

/** What a field may be: a scalar, a struct, or so many of them. */
export type FieldType = TypeCode | StructType | readonly [TypeCode | StructType, number];
export type StructFields = Readonly<Record<string, FieldType>>;

/** A scalar or a struct: what a value, or each element of an array, can be. */
export type ElementType = TypeName | StructType;

export interface StructField {
  readonly name: string;
  readonly type: ElementType;
  /** Of an array. */
  readonly length: number | undefined;
  /** In bytes, from the beginning of the struct. */
  readonly offset: number;
}

/** A field as it travels: its name, its type, its length if it is an array. */
type FieldSpec = readonly [string, TypeName | StructSpec, number?];
export type StructSpec = readonly FieldSpec[];

/**
 * What `struct` gives. Equal definitions give the same type, wherever they are made.
 */
export class StructType<Fields extends StructFields = StructFields> {
  /** Where the fields lie. */
  readonly layout: readonly StructField[];
  /** In bytes; arrays of it have no gaps. */
  readonly size: number;
  /** In bytes. */
  readonly alignment: number;
  /** Of the type level alone. */
  declare readonly fields: Fields;
  /** @internal What it is made of, as plain data. */
  readonly spec: StructSpec;

  /** @internal */
  constructor(spec: StructSpec) {
    const layout: StructField[] = [];
    let [end, alignment] = [0, 1];
    for (const [name, part, length] of spec) {
      const type = typeof part === 'string' ? part : structOf(part);
      const offset = roundUp(end, alignmentOf(type));
      layout.push(Object.freeze({ name, type, length, offset }));
      end = offset + sizeOf(type) * (length ?? 1);
      alignment = Math.max(alignment, alignmentOf(type));
    }
    this.layout = Object.freeze(layout);
    this.size = roundUp(end, alignment);
    this.alignment = alignment;
    this.spec = spec;
    Object.defineProperty(this, 'spec', { enumerable: false });
    Object.freeze(this);
  }
}

const method = 'struct';
const known = new Map<string, StructType>();
const takenNames: ReadonlySet<string> = new Set([
  ...Object.getOwnPropertyNames(Object.prototype),
  ...lockableNames,
  // A promise would call it; JSON asks for it.
  'then',
  'toJSON',
]);

/**
 * A type of named fields in their order, with C's alignment and size: as `ctypes.Structure` has them, and any C compiler. A field is a type
 * code, another struct, or `[type, length]` for an array. Use it as the type of a `Value` or `SharedArray`.
 */
export function struct<const Fields extends StructFields>(fields: Fields): StructType<Fields> {
  if (!isPlainObject(fields)) {
    throw argumentTypeError(method, 'fields', "a plain object such as { x: 'd', y: 'd' }", fields);
  }
  const spec = Object.entries(fields).map(([name, type]) => specOfField(name, type));
  if (spec.length === 0)
    throw argumentRangeError(method, 'fields', 'an object with at least one field', fields);
  return structOf(spec) as unknown as StructType<Fields>;
}

/** The type of that definition. Throws what is wrong with it. */
export function structOf(spec: StructSpec): StructType {
  const key = JSON.stringify(spec);
  let type = known.get(key);
  if (type === undefined) {
    type = new StructType(spec);
    known.set(key, type);
  }
  return type;
}

export function sizeOf(type: ElementType): number {
  return typeof type === 'string' ? bytesOf(type) : type.size;
}

/** The type that a user means by a code or a struct. */
export function resolveType(called: string, type: unknown, label = 'type'): ElementType {
  if (type instanceof StructType) return type;
  const name = typeNameOf(type);
  if (name !== undefined) return name;
  const [nearest] = typeof type === 'string' ? nearestNames(type, knownCodes, 1) : [];
  const hint = nearest === undefined ? '' : ` (perhaps '${nearest}')`;
  throw argumentTypeError(called, label, `a struct, or one of ${knownCodes.join(', ')}${hint}`, type);
}

function specOfField(name: string, type: unknown): FieldSpec {
  // Numbers would not keep their place among the fields.
  if (!/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name)) {
    throw argumentRangeError(method, 'fields', 'named by identifiers, such as x or first_name', name);
  }
  if (takenNames.has(name)) {
    throw argumentRangeError(
      method,
      'fields',
      'named otherwise: every object, or every value, has that member',
      name,
    );
  }
  const label = `fields.${name}`;
  if (!Array.isArray(type)) return [name, specOf(resolveType(method, type, label))];
  if (type.length !== 2) throw argumentTypeError(method, label, "[type, length], such as ['c', 16]", type);
  const element = resolveType(method, type[0], `${label}[0]`);
  return [name, specOf(element), wholeNumber(method, `${label}[1]`, type[1])];
}

function specOf(type: ElementType): TypeName | StructSpec {
  return typeof type === 'string' ? type : type.spec;
}

function alignmentOf(type: ElementType): number {
  return typeof type === 'string' ? bytesOf(type) : type.alignment;
}

function roundUp(offset: number, alignment: number): number {
  return Math.ceil(offset / alignment) * alignment;
}

// What is written as `__proto__` in an object literal is no field but its prototype.
function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
