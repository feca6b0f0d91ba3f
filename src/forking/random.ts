// Random state that a fork would copy. V8 has no way to seed Math.random again, and drawing some numbers only shifts the
// stream that all children have: so the server has a Math.random of ours from the beginning, in each of its contexts, and
// a child seeds it. Libraries that took the function before the fork have the right one.
import { syncBuiltinESMExports } from 'node:module';
import vm from 'node:vm';
import { loadAddon } from '../native/load.js';

interface SeededRandom {
  readonly random: () => number;
  readonly seed: (a: number, b: number, c: number, d: number) => void;
}

/** sfc32 of PractRand (Chris Doty-Humphrey), two steps for 53 bits. Self-contained: it is also evaluated in other contexts. */
function makeRandom(): SeededRandom {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  const step = (): number => {
    const result = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + result) | 0;
    return result;
  };
  return {
    random: () => ((step() >>> 5) * 67108864 + (step() >>> 6)) / 9007199254740992,
    seed: (first, second, third, fourth) => {
      a = first;
      b = second;
      c = third;
      d = fourth;
    },
  };
}

const madeBeforeFork: WeakRef<SeededRandom>[] = [];
const kept = new WeakMap<object, SeededRandom>();
let main: SeededRandom | undefined;

/** In the server, before anybody else's code. */
export function makeRandomForkable(): void {
  main = makeRandom();
  seed(main);
  setRandom(Math, main.random);
  patchNewContexts();
}

/** In the child, first of all. */
export function reseedRandom(): void {
  if (main !== undefined) seed(main);
  for (const reference of madeBeforeFork.splice(0)) {
    const random = reference.deref();
    if (random !== undefined) seed(random);
  }
}

// Node hands these out of a batch that it has drawn before: who takes as many as are in one has come to the next.
const uuidBatch = 128;
const intBatch = 1024;
let hasInts = true;

/** Whether Node's crypto module can have something in store. Loading it takes longer than a fork. */
export function hasRandomCaches(): boolean {
  const { moduleLoadList } = process as { moduleLoadList?: readonly string[] };
  return moduleLoadList?.includes('NativeModule internal/crypto/random') ?? true;
}

/** In the server: uses up the whole numbers that Node's crypto module has in store, and lets it compile the rest. */
export function emptyRandomCaches(): void {
  hasInts = !useUpInts();
  dropRandomCaches();
}

/** In each child: passes by what is left of the server's. How many ids that are, nobody tells. */
export function dropRandomCaches(): void {
  const crypto = process.getBuiltinModule('node:crypto');
  for (let i = 0; i < uuidBatch; i++) crypto.randomUUID();
  if (hasInts) for (let i = 0; i < intBatch; i++) crypto.randomInt(2);
}

// Each is read from a buffer, which tells how many are left: two milliseconds of each child's start. False if it does not.
function useUpInts(): boolean {
  const { randomInt } = process.getBuiltinModule('node:crypto');
  const { readUIntBE } = Buffer.prototype;
  const isWritable = Reflect.getOwnPropertyDescriptor(Buffer.prototype, 'readUIntBE')?.writable;
  if (isWritable !== true) return false;
  let left = -1;
  Buffer.prototype.readUIntBE = function (offset: number, byteLength: number) {
    left = this.length - offset - byteLength;
    return Reflect.apply(readUIntBE, this, [offset, byteLength]) as number;
  };
  for (let i = 0; i < intBatch && left !== 0; i++) randomInt(2);
  Buffer.prototype.readUIntBE = readUIntBE;
  return left === 0;
}

function seed(random: SeededRandom): void {
  random.seed(...loadAddon().randomSeed());
  for (let i = 0; i < 12; i++) random.random();
}

function setRandom(math: object, value: () => number): void {
  Object.defineProperty(value, 'name', { value: 'random' });
  Object.defineProperty(math, 'random', { value, writable: true, enumerable: false, configurable: true });
}

const source = `(() => {
  const made = (${makeRandom.toString()})();
  Object.defineProperty(made.random, 'name', { value: 'random' });
  Object.defineProperty(Math, 'random', { value: made.random, writable: true, enumerable: false, configurable: true });
  return made;
})()`;

// Code that makes contexts does so by one of these.
function patchNewContexts(): void {
  const createContext = vm.createContext;
  const { runInContext } = vm.Script.prototype;
  let script: vm.Script | undefined;

  vm.createContext = function (this: unknown, ...args: Parameters<typeof createContext>): vm.Context {
    const isNew = typeof args[0] !== 'object' || args[0] === null || !vm.isContext(args[0]);
    const context = createContext.apply(this, args);
    if (isNew) {
      script ??= new vm.Script(source, { filename: 'forkyard:random' });
      const random = runInContext.call(script, context) as SeededRandom;
      seed(random);
      kept.set(context, random);
      madeBeforeFork.push(new WeakRef(random));
    }
    return context;
  };
  vm.Script.prototype.runInNewContext = function (object, options) {
    const context = vm.createContext(object ?? {}, contextOptions(options));
    return runInContext.call(this, context, options);
  };
  vm.runInNewContext = (code, object, options) => {
    const given = typeof options === 'string' ? { filename: options } : options;
    return new vm.Script(code, given).runInNewContext(object, given);
  };
  syncBuiltinESMExports();
}

// As Node translates them.
function contextOptions(options: vm.RunningScriptInNewContextOptions = {}): vm.CreateContextOptions {
  const { contextName, contextOrigin, contextCodeGeneration, microtaskMode } = options;
  return {
    ...(contextName === undefined ? {} : { name: contextName }),
    ...(contextOrigin === undefined ? {} : { origin: contextOrigin }),
    ...(contextCodeGeneration === undefined ? {} : { codeGeneration: contextCodeGeneration }),
    ...(microtaskMode === undefined ? {} : { microtaskMode }),
  };
}
