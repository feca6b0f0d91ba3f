// The inputs of maps that are under way: tasks are drawn from them, in turn, as workers become free.
import type { Feed } from './calls.js';

export class Feeds {
  readonly #feeds = new Set<Feed>();

  get size(): number {
    return this.#feeds.size;
  }

  /** Whether somebody waits for what comes of one of them. */
  get isAwaited(): boolean {
    for (const feed of this.#feeds) if (feed.isAwaited) return true;
    return false;
  }

  has(feed: Feed): boolean {
    return this.#feeds.has(feed);
  }

  add(feed: Feed): void {
    this.#feeds.add(feed);
  }

  /** False if it was not there. */
  delete(feed: Feed): boolean {
    return this.#feeds.delete(feed);
  }

  /** Draws from each until `draw` says that there was nothing to be had; one that gave is then the last in turn. */
  drawInTurn(draw: (feed: Feed) => boolean): void {
    // One that is added again is met again by this loop.
    for (const feed of this.#feeds) if (draw(feed) && this.#feeds.delete(feed)) this.#feeds.add(feed);
  }

  failAll(error: unknown): void {
    for (const feed of [...this.#feeds]) {
      this.#feeds.delete(feed);
      feed.onFailure(-1, error);
    }
  }
}
