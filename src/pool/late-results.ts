// A worker that has another short task at hand tells of a result a little later. Should that task take long after all, the
// result would wait for its end: so the pool looks for itself now and then, as long as a worker holds several tasks.
import type { Crew } from './crew.js';

const lookMs = 20;

export class LateResults {
  readonly #crew: Crew;
  readonly #look: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(crew: Crew, look: () => void) {
    this.#crew = crew;
    this.#look = look;
  }

  /** Call when tasks were given out. */
  watch(): void {
    if (this.#timer !== undefined || !this.#crew.members.some(({ held }) => held > 1)) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#look();
      this.watch();
    }, lookMs);
    this.#timer.unref();
  }
}
