// Memory and lists that any program attaches to by name. Python: multiprocessing.shared_memory.
export {} from './reducers.js';
export type { ShareableValue } from './sharedmemory/list-format.js';
export type { ShareableListOptions } from './sharedmemory/shareable-list.js';
export { ShareableList } from './sharedmemory/shareable-list.js';
export type { SharedMemoryOptions } from './sharedmemory/shared-memory.js';
export { SharedMemory } from './sharedmemory/shared-memory.js';
