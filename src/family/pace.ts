// How many messages are handled before the promises that they settled get their turn: what continues there is the caller's
// code, and may take a thousand times as long as the message. So the time of both is measured together.

// Short enough that four of them, one event loop turn's share, delay nothing that anybody would notice.
const groupMs = 0.08;
const fewest = 4;
const most = 256;
// The newest measurement's part in the mean. One that is above it counts at once: the next group would be as long.
const newestShare = 0.3;

export class Pace {
  #messageMs = groupMs / 8;
  #began = 0;
  #messages = 0;

  /** A group of messages begins. If it follows another at once, `messages` says how much that one's time was for. */
  begin(now: number): void {
    if (this.#messages > 0) {
      const newest = (now - this.#began) / this.#messages;
      this.#messageMs = Math.max(newest, this.#messageMs + newestShare * (newest - this.#messageMs));
    }
    this.#began = now;
    this.#messages = 0;
  }

  /** So many messages were handled, and more follow as soon as what they settled has run. */
  continue(messages: number): void {
    this.#messages = messages;
  }

  /** How many messages make a group now. */
  get share(): number {
    return Math.min(most, Math.max(fewest, Math.round(groupMs / this.#messageMs)));
  }
}
