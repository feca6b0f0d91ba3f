// Seats of a pool for which the system has no room at present: they are tried again, ever more rarely, while others work.
// A pool that has nobody else tries a few times before it gives up.

const firstMs = 100;
const longestMs = 10_000;
const mostWithoutOthers = 5;

export class Vacancies {
  readonly #fill: (seat: number) => void;
  readonly #seats: number[] = [];
  #refusals = 0;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** `fill` starts a worker for the seat. */
  constructor(fill: (seat: number) => void) {
    this.#fill = fill;
  }

  /** The system has refused a worker. False: it has done so too often, and nobody else works. */
  add(seat: number, hasOthers: boolean): boolean {
    if (this.#isClosed) return false;
    if (this.#timer === undefined) this.#refusals++;
    if (!hasOthers && this.#refusals >= mostWithoutOthers) return false;
    this.#seats.push(seat);
    this.#timer ??= setTimeout(
      () => this.#tryAgain(),
      Math.min(longestMs, firstMs * 2 ** (this.#refusals - 1)),
    );
    // Without others the calls that wait have nobody else to wait for; with them, their workers keep the program alive.
    if (hasOthers) this.#timer.unref();
    return true;
  }

  /** There was room. */
  onStarted(): void {
    this.#refusals = 0;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #tryAgain(): void {
    this.#timer = undefined;
    for (const seat of this.#seats.splice(0)) this.#fill(seat);
  }
}
