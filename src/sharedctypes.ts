// Values, arrays and structs in shared memory. Python: multiprocessing.sharedctypes.
export {} from './reducers.js';
export { copy, synchronized } from './sharedctypes/copy.js';
export type { Lockable, LockOptions, SharedLock } from './sharedctypes/lockable.js';
export { RawArray, SharedArray, SharedArray as Array } from './sharedctypes/shared-array.js';
export type { StructArray, StructInput, StructOf } from './sharedctypes/struct-shapes.js';
export type { FieldType, StructFields, StructType } from './sharedctypes/struct-type.js';
export { struct } from './sharedctypes/struct-type.js';
export type { TypeCode, TypeName } from './sharedctypes/type-codes.js';
export type { ValueType } from './sharedctypes/value.js';
export { RawValue, Value } from './sharedctypes/value.js';
