// A module that is preloaded, or loaded by each worker: 200 MB of small objects.
const count = 1_100_000;
const heap = Array.from({ length: count }, (_, id) => ({
  id,
  name: `object ${id}`,
  values: [id, id + 1, id + 2, id + 3],
}));
Object.assign(globalThis, { benchHeap: heap });
