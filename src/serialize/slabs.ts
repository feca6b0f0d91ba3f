// What the codec asks of shared memory: large binary data goes into slabs beside the message.
// Implemented where the memory is (memory/), handed to Encoder and Decoder.

/** Takes large binary data out of the message: into shared memory that the message then refers to by position. */
export interface SlabSender {
  /** Copies the bytes into a new slab and returns its token; a negative number leaves them in the message. */
  share(bytes: Uint8Array): number;
  /** Gives a slab back whose message was not sent. */
  drop(token: number): void;
}

/** Gives the binary data that a message keeps outside of itself. */
export interface SlabReceiver {
  /** The memory of the index-th slab of this message: its payload length or longer. Called once per index, in order. */
  take(index: number): ArrayBuffer;
}
