// The whole of Forkyard's main module: re-exports, nothing else.

export type { ThreadMessage } from './channel/thread-message.js';
export { fromThread, toThread } from './channel/thread-message.js';
export type { Connection } from './connection/connection.js';
export type { Context, ContextOptions, SharedClasses } from './context.js';
export { getContext } from './context.js';
export type { ErrorDetails, ProcessErrorDetails, TaskDetails } from './errors.js';
export {
  AuthenticationError,
  BrokenBarrierError,
  BrokenPoolError,
  BufferTooShort,
  EndOfFileError,
  ForkyardError,
  isForkyardError,
  OwnerDiedError,
  ProcessError,
  QueueClosed,
  QueueEmpty,
  QueueFull,
  RemoteError,
  ResourceError,
  SerializationError,
  TaskResolutionError,
  TaskTimeoutError,
  TimeoutError,
  WorkerLostError,
} from './errors.js';
export { memoryUse, setMemoryLimit } from './family/membership.js';
export { afterFork } from './forking/after-fork.js';
export type { WaitOptions } from './options/wait-options.js';
export type { PipeOptions } from './pipe/pipe.js';
export { Pipe } from './pipe/pipe.js';
export type { CallOptions, ImapOptions, MapOptions } from './pool/call-options.js';
export type { PoolOptions } from './pool/options.js';
export { Pool } from './pool/pool.js';
export type { PoolStatistics, WorkerStatistics } from './pool/statistics.js';
export { activeChildren, currentProcess, parentProcess } from './process/current-process.js';
export type { ExitStatus } from './process/exit-status.js';
export { isMainProcess } from './process/identity.js';
export type { ProcessOptions } from './process/options.js';
export { Process } from './process/process.js';
export type { PrewarmOptions } from './process/start-method/defaults.js';
export {
  getAllStartMethods,
  getStartMethod,
  prewarm,
  setForkserverPreload,
  setStartMethod,
} from './process/start-method/defaults.js';
export type { StartMethodName } from './process/start-method/start-method.js';
export { JoinableQueue } from './queue/joinable-queue.js';
export { Queue } from './queue/queue.js';
export { SimpleQueue } from './queue/simple-queue.js';
export {} from './reducers.js';
export { registerClass, registerErrorClass } from './serialize/registry.js';
export { copy, synchronized } from './sharedctypes/copy.js';
export type { Lockable, LockOptions, SharedLock } from './sharedctypes/lockable.js';
export { RawArray, SharedArray, SharedArray as Array } from './sharedctypes/shared-array.js';
export type { StructArray, StructInput, StructOf } from './sharedctypes/struct-shapes.js';
export type { FieldType, StructFields, StructType } from './sharedctypes/struct-type.js';
export { struct } from './sharedctypes/struct-type.js';
export type { TypeCode, TypeName } from './sharedctypes/type-codes.js';
export type { ValueType } from './sharedctypes/value.js';
export { RawValue, Value } from './sharedctypes/value.js';
export type { ShareableValue } from './sharedmemory/list-format.js';
export type { ShareableListOptions } from './sharedmemory/shareable-list.js';
export { ShareableList } from './sharedmemory/shareable-list.js';
export type { SharedMemoryOptions } from './sharedmemory/shared-memory.js';
export { SharedMemory } from './sharedmemory/shared-memory.js';
export type { BarrierOptions } from './sync/barrier.js';
export { Barrier } from './sync/barrier.js';
export { BoundedSemaphore } from './sync/bounded-semaphore.js';
export { Condition } from './sync/condition.js';
export { Event } from './sync/event.js';
export type { Guard } from './sync/guard.js';
export { Lock } from './sync/lock.js';
export type { NamedSemaphoreOptions } from './sync/named-semaphore.js';
export { NamedSemaphore } from './sync/named-semaphore.js';
export { RLock } from './sync/rlock.js';
export type { SemaphoreOptions } from './sync/semaphore.js';
export { Semaphore, semaphoreValueMax } from './sync/semaphore.js';
export { cpuCount } from './system/cpu-count.js';
export type { Task, TaskModule, TaskTarget } from './task/define-tasks.js';
export { defineTasks, task } from './task/define-tasks.js';
