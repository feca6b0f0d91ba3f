// A Node program and a Python program over the same memory: an array of numbers by SharedMemory, settings by ShareableList,
// and a named semaphore that each waits at for the other. Nothing is copied, nothing is encoded. Needs python3.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { NamedSemaphore } from 'forkyard';
import { ShareableList, SharedMemory } from 'forkyard/shared-memory';

const python = `
import ctypes, sys
from multiprocessing import resource_tracker, shared_memory

memory = shared_memory.SharedMemory(name=sys.argv[1])
settings = shared_memory.ShareableList(name=sys.argv[2])
for attached in (memory, settings.shm):  # else Python, before 3.13, removes them when it ends; then: track=False
    resource_tracker.unregister(attached._name, 'shared_memory')

libc = ctypes.CDLL(None)
libc.sem_open.restype = ctypes.c_void_p
ready, done = (ctypes.c_void_p(libc.sem_open(('/' + name).encode(), 0)) for name in sys.argv[3:])

numbers = memory.buf.cast('d')  # NumPy: numpy.ndarray((1_000_000,), 'd', memory.buf)
libc.sem_wait(ready)
factor = settings[0]
for index in range(10):
    numbers[index] *= factor
settings[1] = 'multiplied by Python'
settings[2] = sum(numbers[:10])
numbers.release()
libc.sem_post(done)
`;

const memory = new SharedMemory({ create: true, size: 8_000_000 });
const numbers = new Float64Array(memory.buffer);
const settings = new ShareableList([2.5, 'not yet, and room for more', null]);
const ready = new NamedSemaphore(`${memory.name}-ready`, { create: true, value: 0 });
const done = new NamedSemaphore(`${memory.name}-done`, { create: true, value: 0 });

const names = [memory.name, settings.shm.name, ready.name, done.name];
const child = spawn('python3', ['-c', python, ...names], { stdio: 'inherit' });
const ended = once(child, 'exit');
for (let index = 0; index < numbers.length; index++) numbers[index] = index;
ready.release();
await done.acquire({ timeout: 30_000 });

console.log(`${settings.at(1)}: ${numbers.slice(0, 4).join(' ')}, the others as they were: ${numbers[10]}`);
console.log(
  `their sum, by Python: ${settings.at(2)}, by Node: ${numbers.slice(0, 10).reduce((a, b) => a + b)}`,
);
const [code] = await ended;
console.log(`python3 ended with ${code}; the names go when this program ends`);
