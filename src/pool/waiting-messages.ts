// Tasks that no worker can take yet wait encoded: their arguments may change meanwhile. They wait in backlog.ts.
import { detachEncoded, type EncodedMessage } from '../channel/ring-writer.js';
import { encodingTools } from '../channel/tools.js';
import { member } from '../family/membership.js';

/** Encodes arguments or items for later. Throws if they cannot be encoded. */
export function encodeForLater(list: readonly unknown[]): EncodedMessage {
  const { encoder, slabs } = encodingTools(member());
  encoder.expectList(list as unknown[]);
  return detachEncoded(encoder, slabs, list);
}

/** Gives an encoded message up that will not be sent. */
export function discardMessage({ cells }: EncodedMessage): void {
  if (cells.length === 0) return;
  const { slabs } = encodingTools(member());
  for (const cell of cells) slabs.drop(cell);
}
