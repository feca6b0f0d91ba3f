// The class of a struct's objects: an accessor for each field, on the memory itself.
import type { Place } from '../memory/pieces.js';
import { makeArrayAt, rawArrayClass } from './array-classes.js';
import { onDemand } from './on-demand.js';
import { bytesAt, Placed, placeAfter } from './placed.js';
import { cellsOf, scalarError, scalarOf } from './scalars.js';
import { RawStructArray } from './struct-array.js';
import type { StructField, StructType } from './struct-type.js';
import { StructView } from './struct-view.js';
import { textOfBytes } from './text.js';
import { bytesOf, type TypeName } from './type-codes.js';
import { writeOver } from './write.js';

export type StructClass = new (place: Place) => StructView;

export type StructArrayClass = new (place: Place, length: number) => RawStructArray;

export const rawStructClass = onDemand((type: StructType): StructClass => {
  const made = class RawValue extends StructView {
    constructor(place: Place) {
      super(type, place);
    }
  };
  for (const field of type.layout) Object.defineProperty(made.prototype, field.name, accessorOf(field));
  return made;
});

export const rawStructArrayClass = onDemand((type: StructType): StructArrayClass => {
  const Struct = rawStructClass(type);
  return class RawArray extends RawStructArray {
    constructor(place: Place, length: number) {
      super(place, length, { type, Struct });
    }
  };
});

function accessorOf(field: StructField): PropertyDescriptor & ThisType<StructView> {
  const { type, length } = field;
  const isScalar = typeof type === 'string' && length === undefined;
  return { ...(isScalar ? scalarAccessor(field, type) : partAccessor(field)), configurable: true };
}

function scalarAccessor({ name, offset }: StructField, type: TypeName): ThisType<StructView> {
  const scalar = scalarOf(type);
  const size = bytesOf(type);
  return {
    get(this: StructView) {
      const place = Placed.placeOf(this);
      return scalar.read(cellsOf(place.block, type), (place.offset + offset) / size);
    },
    set(this: StructView, value: unknown) {
      if (!scalar.accepts(value)) throw scalarError('struct', name, scalar, value);
      const place = Placed.placeOf(this);
      scalar.write(cellsOf(place.block, type), (place.offset + offset) / size, value);
    },
  };
}

/** What has parts itself is seen by a view, and set as a whole. */
function partAccessor(field: StructField): ThisType<StructView> {
  const { name, type, length } = field;
  const view = viewerOf(field);
  return {
    get(this: StructView) {
      return view(placeOfField(this, field));
    },
    set(this: StructView, input: unknown) {
      writeOver({ place: placeOfField(this, field), method: 'struct', label: name, type, length }, input);
    },
  };
}

function viewerOf({ type, length }: StructField): (place: Place) => unknown {
  if (length === undefined) {
    const Struct = rawStructClass(type as StructType);
    return (place) => new Struct(place);
  }
  if (type === 'char') return (place) => textOfBytes(bytesAt(place, length));
  if (typeof type !== 'string') {
    const StructArray = rawStructArrayClass(type);
    return (place) => new StructArray(place, length);
  }
  const ArrayClass = rawArrayClass(type);
  return (place) => makeArrayAt(ArrayClass, place, length);
}

function placeOfField(view: StructView, { offset }: StructField): Place {
  return placeAfter(Placed.placeOf(view), offset);
}
