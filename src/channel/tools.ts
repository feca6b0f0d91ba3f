// The encoder, decoder and slabs of this environment: one set serves all its channels, since no message is encoded
// while another is.
import type { Membership } from '../family/membership.js';
import { ArenaSlabs } from '../memory/slabs.js';
import { Decoder } from '../serialize/decoder.js';
import { Encoder } from '../serialize/encoder.js';

const sets = new WeakMap<Membership, { slabs: ArenaSlabs; encoder: Encoder }>();

export function encodingTools(membership: Membership): { slabs: ArenaSlabs; encoder: Encoder } {
  let set = sets.get(membership);
  if (set === undefined) {
    const slabs = new ArenaSlabs(membership.addon);
    set = { slabs, encoder: new Encoder({ slabs }) };
    sets.set(membership, set);
  }
  return set;
}

export { Decoder };
