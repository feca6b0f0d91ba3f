// What TypeScript knows of structs: the fields of their objects, and what these may be set to. No code.
import type { ScalarArray } from './array-classes.js';
import type { FieldType, StructFields, StructType } from './struct-type.js';
import type { ElementOf, NameOf, TypeCode } from './type-codes.js';
import type { ScalarInputOf, ScalarOf } from './value-classes.js';

/** A struct in shared memory. Its fields are those of the memory; each is checked when it is set. */
export type StructOf<Fields extends StructFields> = {
  -readonly [Name in keyof Fields]: FieldOf<Fields[Name]>;
} & {
  /** Its fields, as they are now. */
  toJSON(): { readonly [Name in keyof Fields]: FieldOf<Fields[Name]> };
};

/** What a struct may be set to: fields that are not given become zeros. */
export type StructInput<Fields extends StructFields> = {
  readonly [Name in keyof Fields]?: FieldInput<Fields[Name]> | undefined;
};

/** An array of structs in shared memory. Its elements are views: what is set in one is set in the array. */
export interface StructArray<Fields extends StructFields> extends Iterable<StructOf<Fields>> {
  readonly length: number;
  /** Throws a `RangeError` beyond the ends. A negative index counts from the end. */
  at(index: number): StructOf<Fields>;
  /** Sets a whole element. */
  put(index: number, value: StructInput<Fields>): void;
  toJSON(): StructOf<Fields>[];
}

type FieldOf<Type extends FieldType> = Type extends TypeCode
  ? ScalarOf<Type>
  : Type extends StructType<infer Fields>
    ? StructOf<Fields>
    : Type extends readonly [infer Element, number]
      ? Element extends TypeCode
        ? NameOf<Element> extends 'char'
          ? string
          : ScalarArray<Element>
        : Element extends StructType<infer Fields>
          ? StructArray<Fields>
          : never
      : never;

type FieldInput<Type extends FieldType> = Type extends TypeCode
  ? ScalarInputOf<Type>
  : Type extends StructType<infer Fields>
    ? StructInput<Fields>
    : Type extends readonly [infer Element, number]
      ? Element extends TypeCode
        ? Iterable<ElementOf<Element>> | (NameOf<Element> extends 'char' ? string : never)
        : Element extends StructType<infer Fields>
          ? Iterable<StructInput<Fields>>
          : never
      : never;
