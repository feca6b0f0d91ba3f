// Memory that threads of one process share, for all rivals in threads.

export function shareAmongThreads(length: number): Float64Array {
  return new Float64Array(new SharedArrayBuffer(length * Float64Array.BYTES_PER_ELEMENT));
}
