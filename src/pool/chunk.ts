// How an input is cut into chunks.

/** Python's default: four chunks a worker. */
export function defaultChunkSize(items: number, workers: number): number {
  return Math.max(1, Math.ceil(items / (4 * workers)));
}
