// Of which type the scalars and the typed arrays of a class are.
import type { TypeName } from './type-codes.js';

const names = new WeakMap<object, TypeName>();

export function noteScalarClass({ prototype }: { readonly prototype: object }, name: TypeName): void {
  names.set(prototype, name);
}

/** Undefined if it is neither; an array of such a class may have memory of its own nevertheless. */
export function scalarTypeOf(object: object): TypeName | undefined {
  return names.get(Object.getPrototypeOf(object));
}
