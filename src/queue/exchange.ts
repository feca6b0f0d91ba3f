// What passes between here and the addon with each item of a queue: memory that both know (native/binding/queue_exchange.h), as
// a call with so many arguments costs more than what it does.
import type { Membership } from '../family/membership.js';

export interface ItemArea {
  /** Its payload, if it is not in a slab. */
  readonly payload: Uint8Array;
  /** See `word`. */
  readonly words: Uint32Array;
}

/** The words of an area; from `cells` on the numbers of the item's cells. To take, the first two are what is wanted. */
export const word = { type: 0, length: 1, payloadBytes: 2, cellCount: 3, cells: 4 } as const;

export interface QueueExchange {
  readonly put: ItemArea;
  readonly taken: ItemArea;
}

const exchanges = new WeakMap<Membership, QueueExchange>();

export function exchangeOf(own: Membership): QueueExchange {
  let exchange = exchanges.get(own);
  if (exchange === undefined) {
    const buffer = own.addon.queueExchange();
    const { queueAreaBytes, queueAreaPayload } = own.addon.constants;
    const area = (from: number): ItemArea => ({
      words: new Uint32Array(buffer, from, queueAreaPayload / 4),
      payload: new Uint8Array(buffer, from + queueAreaPayload, queueAreaBytes - queueAreaPayload),
    });
    exchange = { put: area(0), taken: area(queueAreaBytes) };
    exchanges.set(own, exchange);
  }
  return exchange;
}
