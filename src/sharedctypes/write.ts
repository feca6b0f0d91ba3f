// Writes what users give into shared memory: numbers, text, lists, and objects with the fields of a struct, checked all the
// way down. What single accesses need, and need fast, is scalars.ts.
import { argumentRangeError, argumentTypeError } from '../errors.js';
import type { Place } from '../memory/pieces.js';
import { SharedBlock } from '../serialize/slabs.js';
import { nearestNames } from '../util/nearest-names.js';
import { bytesAt, placeAfter } from './placed.js';
import { cellsOf, scalarError, scalarOf } from './scalars.js';
import { type ElementType, type StructType, sizeOf } from './struct-type.js';
import { StructView } from './struct-view.js';
import { bytesOfText } from './text.js';
import { bytesOf, type TypeName, typedArrayOf } from './type-codes.js';

/** What is written to, and what it is called in errors. */
export interface Target {
  readonly place: Place;
  readonly method: string;
  readonly label: string;
  readonly type: ElementType;
  /** Of an array. */
  readonly length?: number | undefined;
}

/** Writes all of it or, if something is wrong, nothing. What is not given of a struct or an array becomes zeros. */
export function writeOver(target: Target, input: unknown): void {
  const bytes = bytesAt(target.place, sizeOf(target.type) * (target.length ?? 1));
  const draft = new ArrayBuffer(bytes.length);
  writeInto({ ...target, place: { block: new SharedBlock(draft), offset: 0 } }, input);
  bytes.set(new Uint8Array(draft));
}

/** Writes to memory that is all zeros yet, and that nobody has seen. */
export function writeInto(target: Target, input: unknown): void {
  const { type, length } = target;
  if (length !== undefined) writeElements(target, length, input);
  else if (typeof type === 'string') writeScalar(target, type, input);
  else writeStruct(target, type, input);
}

/** The values of anything iterable. */
export function listOf(method: string, label: string, input: unknown): ArrayLike<unknown> {
  if (ArrayBuffer.isView(input) && !(input instanceof DataView))
    return input as unknown as ArrayLike<unknown>;
  if (typeof input === 'object' && input !== null && Symbol.iterator in input)
    return [...(input as Iterable<unknown>)];
  throw argumentTypeError(method, label, 'an iterable of values', input);
}

function writeScalar({ method, label, place }: Target, type: TypeName, input: unknown): void {
  const scalar = scalarOf(type);
  if (!scalar.accepts(input)) throw scalarError(method, label, scalar, input);
  scalar.write(cellsOf(place.block, type), place.offset / bytesOf(type), input);
}

function writeStruct(target: Target, type: StructType, input: unknown): void {
  const { method, label, place } = target;
  if (input instanceof StructView && StructView.typeOf(input) === type) {
    bytesAt(place, type.size).set(bytesAt(StructView.placeOf(input), type.size));
    return;
  }
  if (
    typeof input !== 'object' ||
    input === null ||
    Symbol.iterator in input ||
    input instanceof StructView
  ) {
    throw argumentTypeError(method, label, `an object with the fields ${namesOf(type).join(', ')}`, input);
  }
  for (const [name, value] of Object.entries(input)) {
    const field = type.layout.find((known) => known.name === name);
    if (field === undefined) throw unknownField(method, `${label}.${name}`, namesOf(type), value);
    if (value === undefined) continue;
    const part = { place: placeAfter(place, field.offset), type: field.type, length: field.length };
    writeInto({ ...part, method, label: `${label}.${name}` }, value);
  }
}

function writeElements(target: Target, length: number, input: unknown): void {
  const { method, label, type, place } = target;
  if (type === 'char' && (typeof input === 'string' || input instanceof Uint8Array)) {
    bytesAt(place, length).set(bytesOfText(method, label, input, length));
    return;
  }
  const list = listOf(method, label, input);
  if (list.length > length) throw argumentRangeError(method, label, `at most ${length} values`, list);
  if (typeof type === 'string') return writeScalars(target, type, list);
  for (let index = 0; index < list.length; index++) {
    const part = { place: placeAfter(place, index * type.size), type };
    writeInto({ ...part, method, label: `${label}[${index}]` }, list[index]);
  }
}

function writeScalars(target: Target, type: TypeName, list: ArrayLike<unknown>): void {
  const { method, label, place } = target;
  const Cells = typedArrayOf(type);
  // Bytes are what characters are made of.
  const scalar = scalarOf(type === 'char' ? 'uint8' : type);
  if (!(list instanceof Cells)) {
    for (let index = 0; index < list.length; index++) {
      if (!scalar.accepts(list[index])) throw scalarError(method, `${label}[${index}]`, scalar, list[index]);
    }
  }
  new Cells(place.block.buffer, place.offset, list.length).set(list as never);
}

function namesOf(type: StructType): string[] {
  return type.layout.map(({ name }) => name);
}

function unknownField(method: string, label: string, names: string[], value: unknown): TypeError {
  const [nearest] = nearestNames(label.split('.').at(-1) as string, names);
  const hint = nearest === undefined ? '' : ` (perhaps '${nearest}')`;
  return argumentTypeError(method, label, `one of the fields ${names.join(', ')}${hint}`, value);
}
