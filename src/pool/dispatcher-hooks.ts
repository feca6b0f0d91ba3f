// What the dispatcher asks of the pool that it belongs to.
import type { EncodedMessage } from '../channel/ring-writer.js';
import type { CrewMember } from './crew.js';

export interface DispatcherHooks {
  /** Encodes arguments or items for later. Throws if they cannot be encoded. */
  encode(list: readonly unknown[]): EncodedMessage;
  /** Gives an encoded message up that will not be sent. */
  discard(message: EncodedMessage): void;
  /** Settles what has arrived from workers and was not read yet. */
  settleArrived(): void;
  /** A worker runs what nobody wants any more: to be ended once `isNeeded` says no, and replaced now. */
  dismiss(member: CrewMember, isNeeded: () => boolean): void;
  /** `isAwaited` or `isDone` may have changed. */
  onProgress(): void;
}
