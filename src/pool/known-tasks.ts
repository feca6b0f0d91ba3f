// What the numbers of tasks stand for, as the pool has told this worker, and the tasks that came before the telling.
import type { DetachedMessage } from '../channel/detached-message.js';
import type { RingReader } from '../channel/ring-reader.js';
import type { TaskReference } from '../task/reference.js';
import { taskMessageType } from './messages.js';

export type TaskFunction = (...args: unknown[]) => unknown;

export interface KnownTask {
  readonly number: number;
  /** Undefined until the pool tells what the number stands for. */
  reference: TaskReference | undefined;
  run: TaskFunction | undefined;
  early: TakenTask[];
}

export interface TakenTask {
  readonly type: number;
  readonly id: number;
  readonly task: KnownTask;
  /** The arguments, or the items; empty as long as there is a message. */
  value: unknown[];
  /** Of a task that was not imported when it came: its module may register the classes of its arguments. */
  message: DetachedMessage | undefined;
}

export class KnownTasks {
  /** Tasks that came early and can run by now. */
  readonly told: TakenTask[] = [];
  readonly #tasks: KnownTask[] = [];

  of(number: number): KnownTask {
    this.#tasks[number] ??= { number, reference: undefined, run: undefined, early: [] };
    return this.#tasks[number] as KnownTask;
  }

  learn(number: number, reference: TaskReference): void {
    const task = this.of(number);
    task.reference = reference;
    this.told.push(...task.early.splice(0));
  }

  /**
   * Learns from records that the pool takes back as well: what a number stands for is true whoever has the record, and
   * tasks that need it may be behind it. A worker that took those without knowing what they are would, if it died,
   * take them with it. What is too long for the ring it cannot read then: the pool tells again.
   */
  readInPassing(reader: RingReader): void {
    reader.onTakenBack = () => {
      if (reader.type !== taskMessageType.define || reader.hasSlabs) return;
      this.learn(reader.extra, reader.decode() as TaskReference);
    };
  }
}

/** Once the task is imported. Throws what the decoder throws. */
export function openTaken(taken: TakenTask): void {
  const { message } = taken;
  taken.message = undefined;
  if (message !== undefined) taken.value = message.decode() as unknown[];
}
