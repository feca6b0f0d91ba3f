// The numbers by which a pool and its workers call the tasks: a reference is long, and most calls are of few tasks.
import type { TaskReference } from '../task/reference.js';
import type { CrewMember } from './crew.js';
import { taskMessageType } from './messages.js';

export class TaskNumbers {
  readonly #numbers = new Map<string, number>();
  readonly #numberOfReference = new WeakMap<TaskReference, number>();
  readonly #references: TaskReference[] = [];

  numberOf(reference: TaskReference): number {
    const known = this.#numberOfReference.get(reference);
    if (known !== undefined) return known;
    const key = `${reference.module}\n${reference.name}`;
    const number = this.#numbers.get(key) ?? this.#references.push(reference) - 1;
    this.#numbers.set(key, number);
    this.#numberOfReference.set(reference, number);
    return number;
  }

  referenceOf(number: number): TaskReference {
    return this.#references[number] as TaskReference;
  }

  /** Tells a worker, once, what a number stands for. False: it has no room just now for more. */
  define(member: CrewMember, number: number): boolean {
    if (member.defined.has(number)) return true;
    member.defined.add(number);
    this.tell(member, number);
    return member.worker.hasRoom;
  }

  tell(member: CrewMember, number: number): void {
    const head = { type: taskMessageType.define, id: 0, extra: number };
    member.worker.send(head, this.#references[number]);
  }
}
