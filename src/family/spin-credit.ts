// Whether it pays to look for a while before sleeping: given up where it does not, and tried again now and then.

const mostCredit = 16;
const tryAgainAfter = 64;

export class SpinCredit {
  #credit = mostCredit;
  #skipped = 0;

  /** Whether to look this time. */
  allows(): boolean {
    if (this.#credit > 0) return true;
    this.#skipped = (this.#skipped + 1) % tryAgainAfter;
    return this.#skipped === 0;
  }

  hit(): void {
    if (this.#credit < mostCredit) this.#credit++;
  }

  /** `cost`: how many hits it takes to make up for it. */
  miss(cost = 1): void {
    this.#credit = Math.max(0, this.#credit - cost);
  }
}
