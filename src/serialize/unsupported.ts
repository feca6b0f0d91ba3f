// What cannot cross a process border, why, and what to do instead.
// Consulted only for objects that are neither plain nor of a class that the codec knows.
import { types } from 'node:util';

/** A sentence with the remedy, or undefined when the object may be sent as its fields. */
export function reasonAgainst(value: object): string | undefined {
  if (types.isProxy(value)) return 'a Proxy cannot be copied; send the object behind it';
  if (types.isPromise(value)) return 'a Promise cannot be sent; await it and send its value';
  if (types.isWeakMap(value) || types.isWeakSet(value))
    return 'a weak collection cannot be sent; send a Map or Set';
  if (types.isModuleNamespaceObject(value)) return 'a module cannot be sent; import it where it is needed';
  if (types.isGeneratorObject(value) || types.isMapIterator(value) || types.isSetIterator(value)) {
    return 'an iterator cannot be sent; send an array of its items';
  }
  if (types.isKeyObject(value) || types.isCryptoKey(value))
    return 'a key cannot be sent; export it and send the bytes';
  if (types.isExternal(value)) return 'a native pointer means nothing in another process; leave it out';
  return reasonByPrototype(value);
}

/** For functions: what can be sent instead. */
export function reasonAgainstFunction(value: object): string {
  const name: unknown = Reflect.get(value, 'name');
  const subject =
    typeof name === 'string' && name !== '' ? `the function '${name.slice(0, 80)}'` : 'a function';
  return `${subject} cannot be copied into another process; define it with defineTasks(import.meta, { ... }) and send that task`;
}

export const kSharedMemoryReason =
  'a SharedArrayBuffer is shared by the threads of one process only; send a copy (a typed array)';

const bound =
  'belongs to this process (a handle, or a function of the engine); send the data to make another one of';
const unsupportedPrototypes = new Map<unknown, string>();

for (const namespace of ['Intl', 'WebAssembly']) {
  const members: unknown = Reflect.get(globalThis, namespace);
  if (typeof members !== 'object' || members === null) continue;
  for (const name of Object.getOwnPropertyNames(members)) {
    if (!name.endsWith('Error')) add(Reflect.get(members, name), `a ${namespace}.${name}`);
  }
}
// What they hold is private: their own fields say nothing of it. (A copy without content would be a silent wrong answer.)
const privateClasses: Readonly<Record<string, string>> = {
  URL: 'send url.href',
  URLSearchParams: 'send params.toString()',
  Headers: 'send [...headers]',
  FormData: 'send [...formData]',
  Request: 'send its url, method and body',
  Response: 'send its status and body',
  Blob: 'send await blob.arrayBuffer()',
  MessagePort: 'use the return value of the task',
  BroadcastChannel: 'make one where it is needed',
  AbortSignal: 'pass it to the call that takes a signal',
  AbortController: 'keep it where it is aborted',
  ReadableStream: 'send the data that it gives',
  WritableStream: 'write in the process that has it',
  TransformStream: 'make one where it is needed',
  TextDecoder: 'make one where it is needed',
};
add(WeakRef, 'a WeakRef');
add(FinalizationRegistry, 'a FinalizationRegistry');
// The prototype that array, string and regular expression iterators, and iterator helpers, have in common.
const iteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()));
unsupportedPrototypes.set(iteratorPrototype, 'an iterator cannot be sent; send an array of its items');

function add(target: unknown, subject: string): void {
  if (typeof target === 'function') unsupportedPrototypes.set(target.prototype, `${subject} ${bound}`);
}

// Node marks the classes whose objects only its own structuredClone can copy, within a process.
const nodeMarks = new Set(['messaging_clone_symbol', 'messaging_transfer_symbol']);

// Per prototype: '' when its instances may be sent.
const verdicts = new WeakMap<object, string>();

function reasonByPrototype(value: object): string | undefined {
  const prototype: object | null = Object.getPrototypeOf(value);
  if (prototype === null) return undefined;
  let verdict = verdicts.get(prototype);
  if (verdict === undefined) {
    verdict = searchChain(prototype);
    verdicts.set(prototype, verdict);
  }
  return verdict === '' ? undefined : verdict;
}

function searchChain(first: object): string {
  for (
    let prototype: object | null = first;
    prototype !== null;
    prototype = Object.getPrototypeOf(prototype)
  ) {
    const reason = unsupportedPrototypes.get(prototype) ?? reasonOfPrivateClass(prototype);
    if (reason !== undefined) return reason;
    for (const symbol of Object.getOwnPropertySymbols(prototype)) {
      if (nodeMarks.has(symbol.description ?? '')) return `an instance of ${first.constructor.name} ${bound}`;
    }
  }
  return '';
}

// By name first: some of these globals are loaded when they are looked at, and cost each process 20 ms at its start.
function reasonOfPrivateClass(prototype: object): string | undefined {
  const owner: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  const name = typeof owner === 'function' ? owner.name : '';
  if (!Object.hasOwn(privateClasses, name) || Reflect.get(globalThis, name) !== owner) return undefined;
  return `a ${name} keeps its content where it cannot be copied; ${privateClasses[name]}`;
}
