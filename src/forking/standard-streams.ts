// process.stdin, stdout and stderr while a server preloads. Libraries look at them when they are imported, and keep them:
// so they get stand-ins, behind which there is a simple stream on the server's own descriptors, and in a child the real one.
import { writeSync } from 'node:fs';
import { Duplex, Readable, Writable } from 'node:stream';
import { isatty } from 'node:tty';
import { keepOutput } from './output.js';

type StreamName = 'stdin' | 'stdout' | 'stderr';

const names: readonly StreamName[] = ['stdin', 'stdout', 'stderr'];
let areReal = false;

/** In the server, before anybody else's code. */
export function standInForStreams(): void {
  for (const [fd, name] of names.entries()) {
    const own = Object.getOwnPropertyDescriptor(process, name);
    if (own?.get === undefined) continue;
    const openOwn = own.get.bind(process) as () => object;
    const open = (): object => keepOutput(openOwn(), fd);
    const standIn = new StandIn(fd, name, open);
    const get = (): object => (areReal ? open() : standIn.proxy);
    Object.defineProperty(process, name, { ...own, get });
  }
}

/**
 * Stand-ins in the server; in the child, once its descriptors are its own, the real ones. Opening a stream is left to its
 * first use, as in any Node process.
 */
export function useStreams(which: 'stand-ins' | 'real'): void {
  areReal = which === 'real';
}

class StandIn {
  readonly proxy: object;
  readonly #name: StreamName;
  readonly #fd: number;
  readonly #open: () => object;
  #placeholder: Readable | Writable | undefined;

  constructor(fd: number, name: StreamName, open: () => object) {
    this.#fd = fd;
    this.#name = name;
    this.#open = open;
    // What is asked of the stream is asked of the one behind it; its methods run on that one.
    this.proxy = new Proxy(Object.create(Duplex.prototype) as object, {
      get: (_, key) => {
        const stream = this.#current();
        const value: unknown = Reflect.get(stream, key, stream);
        return typeof value === 'function' && key !== 'constructor' ? bound(value, stream) : value;
      },
      set: (_, key, value) => Reflect.set(this.#current(), key, value),
      has: (_, key) => Reflect.has(this.#current(), key),
      deleteProperty: (_, key) => Reflect.deleteProperty(this.#current(), key),
      ownKeys: () => Reflect.ownKeys(this.#current()),
      getOwnPropertyDescriptor: (_, key) => {
        const descriptor = Reflect.getOwnPropertyDescriptor(this.#current(), key);
        return descriptor && { ...descriptor, configurable: true };
      },
      defineProperty: (_, key, descriptor) => Reflect.defineProperty(this.#current(), key, descriptor),
      getPrototypeOf: () => Reflect.getPrototypeOf(this.#current()),
    });
  }

  #current(): object {
    if (areReal) return this.#realStream();
    this.#placeholder ??= this.#name === 'stdin' ? emptyInput() : plainOutput(this.#fd);
    return this.#placeholder;
  }

  // Who listens to the placeholder means the stream.
  #realStream(): object {
    const stream = this.#open();
    const placeholder = this.#placeholder;
    if (placeholder === undefined) return stream;
    this.#placeholder = undefined;
    for (const event of placeholder.eventNames()) {
      for (const listener of placeholder.rawListeners(event)) {
        if (!ownListeners.has(listener)) (stream as Writable).on(event, listener as () => void);
      }
    }
    return stream;
  }
}

const ownListeners = new WeakSet<object>();
const bindings = new WeakMap<object, WeakMap<object, unknown>>();

// The same method is the same function each time.
function bound(method: object, stream: object): unknown {
  const ofStream = bindings.get(stream) ?? new WeakMap<object, unknown>();
  bindings.set(stream, ofStream);
  if (!ofStream.has(method)) ofStream.set(method, (method as () => void).bind(stream));
  return ofStream.get(method);
}

function emptyInput(): Readable {
  return remembered(new Readable({ read: () => {} }));
}

function plainOutput(fd: number): Writable {
  const stream = new Writable({
    decodeStrings: true,
    write(chunk: Uint8Array, _encoding, done) {
      try {
        for (let sent = 0; sent < chunk.length; ) sent += writeSync(fd, chunk, sent);
        done();
      } catch (error) {
        done(error as Error);
      }
    },
  });
  return remembered(Object.assign(stream, { fd, ...(isatty(fd) ? { isTTY: true } : {}) }));
}

function remembered<T extends Readable | Writable>(stream: T): T {
  for (const event of stream.eventNames())
    for (const listener of stream.rawListeners(event)) ownListeners.add(listener);
  return stream;
}
