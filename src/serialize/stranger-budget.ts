// What decoding a message of another program may take of this one beside time. The decoder asks in few places, before it takes
// much; who answers is connection/budget.ts. Within a family there is no budget, and nothing is asked.

export interface StrangerBudget {
  /** A message of so many bytes begins. */
  begin(sizeBytes: number): void;
  /** Why so much more of the heap is not to be had; undefined: it is. */
  refuseHeap(sizeBytes: number): string | undefined;
  /** Why no buffer may be made that has mappings of its own; undefined: it may. */
  refuseMapping(): string | undefined;
  countMapping(buffer: ArrayBuffer): void;
}
