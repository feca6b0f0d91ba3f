// Which task goes to which worker and when: what waits first, then the feeds in turn. What becomes of tasks that a worker has
// is dispatcher.ts; which worker is picked, crew.ts.
import type { EncodedMessage } from '../channel/ring-writer.js';
import { Backlog } from './backlog.js';
import type { Attempt, Chunk, Feed, ResultSink, TaskEntry } from './calls.js';
import { Crew, type CrewMember } from './crew.js';
import { unsendable } from './failures.js';
import { Feeds } from './feeds.js';
import { firstAttempt } from './outcomes.js';
import { TaskNumbers } from './task-numbers.js';
import { TaskTable } from './task-table.js';
import { encodeForLater } from './waiting-messages.js';

export interface PlacementEvents {
  /** A worker was given the task. */
  onGiven(member: CrewMember, entry: TaskEntry): void;
  /** What could be given out was. */
  onGivenOut(): void;
  /** Tasks have come or were settled. */
  onProgress(): void;
}

export class Placement {
  readonly crew: Crew;
  readonly numbers = new TaskNumbers();
  readonly table = new TaskTable();
  readonly feeds = new Feeds();
  readonly backlog = new Backlog();
  readonly #events: PlacementEvents;
  #pumping = false;
  #pumpWanted = false;

  constructor(concurrency: number, events: PlacementEvents) {
    this.crew = new Crew(concurrency);
    this.#events = events;
  }

  /** One task, now or when a worker is free. Throws, with nothing done, if the value cannot be encoded. */
  submit(chunk: Chunk, sink: ResultSink): void {
    const entry = this.table.add(sink, chunk, firstAttempt(chunk));
    try {
      this.#giveOrKeep(entry, chunk.value, this.backlog.length === 0 ? this.crew.pick() : undefined);
    } catch (error) {
      this.table.delete(entry);
      throw unsendable(error, chunk);
    }
    this.#events.onProgress();
  }

  /** A source of tasks, drawn from as workers become free. */
  addFeed(feed: Feed): void {
    this.feeds.add(feed);
    this.pump();
  }

  /** Gives out what can be given out: what waits first, then the feeds in turn. */
  pump(): void {
    // An input that is being read may use this very pool.
    this.#pumpWanted = true;
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (this.#pumpWanted) {
        this.#pumpWanted = false;
        this.#giveOut();
      }
    } finally {
      this.#pumping = false;
    }
    this.#events.onGivenOut();
    this.#events.onProgress();
  }

  #giveOut(): void {
    while (this.backlog.length > 0) {
      const member = this.crew.pick();
      if (member === undefined) break;
      this.#giveWaiting(member);
    }
    this.feeds.drawInTurn((feed) => feed.scope(this.#pumpFeed, feed));
  }

  /** Inputs are read to their end from now on, as nobody may take their results. */
  readAhead(): void {
    for (const feed of this.feeds.all()) feed.readAhead();
    this.pump();
  }

  /** Once more, behind all that waits. */
  retry({ sink }: TaskEntry, again: Attempt): void {
    const entry = this.table.add(sink, again.chunk, again);
    try {
      this.backlog.push(entry, encodeForLater(again.chunk.value));
    } catch (error) {
      this.table.delete(entry);
      sink.onFailure(entry.index, unsendable(error, again.chunk));
    }
  }

  #give(member: CrewMember, entry: TaskEntry, value: readonly unknown[]): EncodedMessage | null {
    if (!this.numbers.define(member, entry.taskNumber)) return encodeForLater(value);
    const { worker } = member;
    const head = { type: entry.type, id: entry.id, extra: entry.taskNumber, isList: true };
    const unsent = worker.give(head, value);
    if (unsent === null) this.#hold(member, entry);
    return unsent;
  }

  #giveOrKeep(entry: TaskEntry, value: readonly unknown[], member: CrewMember | undefined): void {
    const unsent = member === undefined ? encodeForLater(value) : this.#give(member, entry, value);
    if (unsent !== null) this.backlog.push(entry, unsent);
    // Its ring is full, maybe of what was taken back from it: others may have room.
    if (unsent !== null && member !== undefined) this.pump();
    else this.#events.onGivenOut();
  }

  // Where its ring is full, the worker has no room from now on, until it tells that there is some.
  #giveWaiting(member: CrewMember): void {
    const entry = this.backlog.peek() as TaskEntry;
    if (!this.numbers.define(member, entry.taskNumber)) return;
    const head = { type: entry.type, id: entry.id, extra: entry.taskNumber };
    const message = entry.message as EncodedMessage;
    while (!member.worker.giveEncoded(head, message)) if (!member.worker.wantRoom(message)) return;
    this.#hold(member, entry);
    this.backlog.shift();
  }

  // True if the feed gave a chunk to a worker.
  readonly #pumpFeed = (feed: Feed): boolean => {
    const mayGive = this.backlog.length === 0 && this.feeds.mayHaveMore(feed, this.crew.slots);
    const picked = mayGive ? this.crew.pick(this.feeds.isKnown(feed)) : undefined;
    const chunk = picked === undefined ? null : feed.next();
    // The input that was read may have ended the call, or the pool.
    const isWanted = this.feeds.has(feed);
    if (feed.isExhausted) this.feeds.delete(feed);
    if (chunk === null || picked === undefined || !isWanted) return false;
    const member = this.crew.has(picked) ? picked : undefined;
    const entry = this.table.add(feed, chunk, firstAttempt(chunk));
    try {
      this.#giveOrKeep(entry, chunk.value, member);
      this.feeds.noteGiven(feed, chunk);
    } catch (error) {
      this.table.delete(entry);
      feed.onFailure(chunk.index, unsendable(error, chunk));
    }
    return true;
  };

  #hold(member: CrewMember, entry: TaskEntry): void {
    entry.worker = member;
    member.tasks.add(entry);
    entry.mark = member.worker.mark;
    this.crew.take(member);
    this.#events.onGiven(member, entry);
  }
}
