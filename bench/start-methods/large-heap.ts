// A module that is preloaded, or loaded by each worker: 200 MB of small objects.
const wantedBytes = 200 * 2 ** 20;
const before = process.memoryUsage().heapUsed;
const heap: object[] = [];
while (process.memoryUsage().heapUsed - before < wantedBytes) {
  for (let i = 0; i < 20_000; i++)
    heap.push({ id: heap.length, name: `object ${heap.length}`, values: [i, i + 1, i + 2, i + 3] });
}
Object.assign(globalThis, { benchHeap: heap });
