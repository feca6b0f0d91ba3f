// How an input is cut into chunks.

// Chunks of more items gain nothing, and no longer fit into the processor's caches.
const mostItems = 8192;

/** Four chunks a worker, as Python's, but none of more than 8192 items. */
export function defaultChunkSize(items: number, workers: number): number {
  return Math.min(mostItems, Math.max(1, Math.ceil(items / (4 * workers))));
}
