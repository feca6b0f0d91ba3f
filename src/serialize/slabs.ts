// What the codec asks of shared memory: large binary data goes into slabs beside the message, and memory that sender and
// receiver share goes by reference. Implemented where the memory is (memory/), handed to Encoder and Decoder.

/** Memory that is sent by reference: both sides see what either writes. Content of a WireExtension's plain value. */
export class SharedBlock {
  constructor(readonly buffer: ArrayBuffer) {}
}

/** Takes large binary data out of the message: into shared memory that the message then refers to by position. */
export interface SlabSender {
  /** Copies the bytes into a new slab and returns its token; a negative number leaves them in the message. */
  share(bytes: Uint8Array): number;
  /** The token of one more reference to a block; negative if the message has too many. Throws if it is none of ours. */
  refer(block: SharedBlock): number;
  /** Gives a slab back whose message was not sent. */
  drop(token: number): void;
}

/** Gives the binary data that a message keeps outside of itself. */
export interface SlabReceiver {
  /** The memory of the index-th slab of this message: its payload length or longer. Called once per index, in order. */
  take(index: number): ArrayBuffer;
  /** The same where it is a block that stays shared. */
  takeShared(index: number): SharedBlock;
}
