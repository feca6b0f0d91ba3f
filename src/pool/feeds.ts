// The inputs of maps that are under way: tasks are drawn from them, in turn, as workers become free.
// How long a chunk takes cannot be foreseen from other tasks: of an input that nothing is known of, each worker has one
// at first. The rest would stand in the workers' rings before all that is asked for later.
import type { Chunk, Feed, TaskEntry } from './calls.js';
import { isLong } from './credit.js';

interface Drawn {
  chunks: number;
  /** Of the longest chunk. */
  items: number;
  isKnown: boolean;
}

export class Feeds {
  readonly #feeds = new Map<Feed, Drawn>();
  /** By task number: of how many items a chunk was that took no time to speak of. */
  readonly #quick = new Map<number, number>();

  get size(): number {
    return this.#feeds.size;
  }

  /** Whether somebody waits for what comes of one of them. */
  get isAwaited(): boolean {
    for (const feed of this.#feeds.keys()) if (feed.isAwaited) return true;
    return false;
  }

  all(): Feed[] {
    return [...this.#feeds.keys()];
  }

  has(feed: Feed): boolean {
    return this.#feeds.has(feed);
  }

  add(feed: Feed): void {
    this.#feeds.set(feed, { chunks: 0, items: 0, isKnown: false });
  }

  /** Whether its chunks may wait in the workers. */
  isKnown(feed: Feed): boolean {
    return this.#feeds.get(feed)?.isKnown ?? false;
  }

  /** Whether it may have a chunk in a worker now, of `slots` that run at a time. */
  mayHaveMore(feed: Feed, slots: number): boolean {
    const drawn = this.#feeds.get(feed);
    return drawn !== undefined && (drawn.isKnown || drawn.chunks < slots);
  }

  noteGiven(feed: Feed, { taskNumber, value }: Chunk): void {
    const drawn = this.#feeds.get(feed);
    if (drawn === undefined || drawn.isKnown) return;
    drawn.chunks++;
    drawn.items = Math.max(drawn.items, value.length);
    drawn.isKnown = (this.#quick.get(taskNumber) ?? -1) >= drawn.items;
  }

  /** A chunk came to its end; `meanTaskUs` is that of the worker which ran it, or undefined if none did. */
  noteSettled({ sink, taskNumber }: TaskEntry, meanTaskUs?: number): void {
    const drawn = this.#feeds.get(sink as Feed);
    if (drawn === undefined || drawn.isKnown) return;
    drawn.isKnown = true;
    if (meanTaskUs === undefined) return;
    if (isLong(meanTaskUs)) this.#quick.delete(taskNumber);
    else this.#quick.set(taskNumber, drawn.items);
  }

  /** False if it was not there. */
  delete(feed: Feed): boolean {
    return this.#feeds.delete(feed);
  }

  /** Draws from each until `draw` says that there was nothing to be had; one that gave is then the last in turn. */
  drawInTurn(draw: (feed: Feed) => boolean): void {
    for (const [feed, drawn] of this.#feeds) {
      // One that is added again is met again by this loop.
      if (draw(feed) && this.#feeds.delete(feed)) this.#feeds.set(feed, drawn);
    }
  }

  failAll(error: unknown): void {
    for (const feed of this.all()) {
      this.#feeds.delete(feed);
      feed.onFailure(-1, error);
    }
  }
}
