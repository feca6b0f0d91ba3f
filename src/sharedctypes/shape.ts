// Any shared object as a shape - what is it, where does it lie - and the object that a shape is. All that treats them alike
// goes this way: sending, copying, taking a lock on or off.
import { allocatePiece, type Place } from '../memory/pieces.js';
import { allocateBlock } from '../memory/shared-blocks.js';
import type { SharedBlock } from '../serialize/slabs.js';
import { makeArrayAt, placeOfArray, rawArrayClass, type ScalarArrayClass } from './array-classes.js';
import { type LockableClass, lockableClass, type SharedLock } from './lockable.js';
import { onDemand } from './on-demand.js';
import { Placed } from './placed.js';
import { noteScalarClass, scalarTypeOf } from './scalar-types.js';
import { RawStructArray } from './struct-array.js';
import { rawStructArrayClass, rawStructClass } from './struct-classes.js';
import { type ElementType, sizeOf } from './struct-type.js';
import { StructView } from './struct-view.js';
import { rawValueClass } from './value-classes.js';

export interface Shape {
  readonly place: Place;
  readonly type: ElementType;
  /** Of an array. */
  readonly length: number | undefined;
}

type RawClass = new (...args: never[]) => object;

/** What values or arrays of one type are made by: with a lock and without. */
interface Kind {
  readonly raw: RawClass;
  readonly locked: LockableClass<never[], object>;
}

const kindOfValue = onDemand((type: ElementType) => makeKind(type, false));
const kindOfArray = onDemand((type: ElementType) => makeKind(type, true));
/** Zeros in shared memory. Throws `ResourceError` when it is used up. */
export function allocateShape(type: ElementType, length?: number): Shape {
  const bytes = sizeOf(type) * (length ?? 1);
  // A typed array shows its buffer, in which there must be nobody else.
  const isTypedArray = typeof type === 'string' && length !== undefined;
  const place = isTypedArray ? { block: allocateBlock(bytes), offset: 0 } : allocatePiece(bytes);
  return { type, length, place };
}

/** The object: with that lock, with one of its own (`undefined`), or without (`false`). */
export function assemble(shape: Shape, lock: SharedLock | SharedBlock | false | undefined): object {
  const { type, length } = shape;
  const kind = length === undefined ? kindOfValue(type) : kindOfArray(type);
  const made = make(lock === false ? kind.raw : kind.locked, shape);
  if (lock !== undefined && lock !== false) kind.locked.useLock(made, lock);
  return made;
}

/** Undefined if it is no shared object. */
export function shapeOf(object: object): Shape | undefined {
  if (Placed.isOne(object)) {
    const place = Placed.placeOf(object);
    if (object instanceof StructView) return { type: StructView.typeOf(object), length: undefined, place };
    if (!(object instanceof RawStructArray)) return scalarShape(object, place);
    return { type: RawStructArray.typeOf(object), length: object.length, place };
  }
  const place = ArrayBuffer.isView(object) ? placeOfArray(object) : undefined;
  return place === undefined ? undefined : scalarShape(object, place);
}

function scalarShape(object: object, place: Place): Shape | undefined {
  const type = scalarTypeOf(object);
  if (type === undefined) return undefined;
  const length = ArrayBuffer.isView(object) ? object.byteLength / sizeOf(type) : undefined;
  return { type, length, place };
}

function makeKind(type: ElementType, isArray: boolean): Kind {
  const raw = rawClassOf(type, isArray);
  const withoutLock = (object: object) => assemble(shapeOf(object) as Shape, false);
  const locked = lockableClass(isArray ? 'SharedArray' : 'Value', raw, withoutLock);
  if (typeof type === 'string') noteScalarClass(locked, type);
  return { raw, locked };
}

function rawClassOf(type: ElementType, isArray: boolean): RawClass {
  if (typeof type === 'string') return isArray ? rawArrayClass(type) : rawValueClass(type);
  return isArray ? rawStructArrayClass(type) : rawStructClass(type);
}

function make(Class: RawClass, { type, length, place }: Shape): object {
  if (length === undefined) return new (Class as new (place: Place) => object)(place);
  if (typeof type === 'string') return makeArrayAt(Class as ScalarArrayClass, place, length);
  return new (Class as new (place: Place, length: number) => object)(place, length);
}
