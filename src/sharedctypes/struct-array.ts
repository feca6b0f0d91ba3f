// Arrays of structs in shared memory: no typed arrays, since there are none of structs.
import { inspect } from 'node:util';
import type { Place } from '../memory/pieces.js';
import { placeIn } from './place-in.js';
import { Placed, placeAfter } from './placed.js';
import type { StructType } from './struct-type.js';
import { writeOver } from './write.js';

type Viewer = new (place: Place) => object;

/** Its elements are views of the memory: what is set in one is set in the array. */
export class RawStructArray extends Placed {
  readonly #type: StructType;
  readonly #length: number;
  readonly #Struct: Viewer;

  constructor(place: Place, length: number, { type, Struct }: { type: StructType; Struct: Viewer }) {
    super(place);
    this.#type = type;
    this.#length = length;
    this.#Struct = Struct;
  }

  /** @internal */
  static typeOf(array: RawStructArray): StructType {
    return array.#type;
  }

  get length(): number {
    return this.#length;
  }

  at(index: number): object {
    return new this.#Struct(this.#placeOf('SharedArray.at', index));
  }

  put(index: number, value: unknown): void {
    const method = 'SharedArray.put';
    writeOver({ place: this.#placeOf(method, index), method, label: 'value', type: this.#type }, value);
  }

  *[Symbol.iterator](): IterableIterator<object> {
    for (let index = 0; index < this.#length; index++) yield this.at(index);
  }

  toJSON(): object[] {
    return [...this];
  }

  [inspect.custom](): object[] {
    return [...this];
  }

  #placeOf(method: string, index: number): Place {
    return placeAfter(Placed.placeOf(this), placeIn(method, index, this.#length) * this.#type.size);
  }
}
