// What all objects of structs are: a type and a place. Their fields are struct-classes.ts.
import { inspect } from 'node:util';
import type { Place } from '../memory/pieces.js';
import { Placed } from './placed.js';
import type { StructType } from './struct-type.js';

export abstract class StructView extends Placed {
  readonly #type: StructType;

  constructor(type: StructType, place: Place) {
    super(place);
    this.#type = type;
  }

  /** @internal */
  static typeOf(view: StructView): StructType {
    return view.#type;
  }

  /** Its fields, as they are now. */
  toJSON(): Record<string, unknown> {
    return Object.fromEntries(this.#type.layout.map(({ name }) => [name, Reflect.get(this, name)]));
  }

  [inspect.custom](): Record<string, unknown> {
    return this.toJSON();
  }
}
