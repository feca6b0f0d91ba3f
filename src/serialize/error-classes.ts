// The error classes that every process knows without being told, by the name they have on the wire.
// Classes of users are in the registry; how an error is written and read is in encode-error.ts and decode-error.ts.
import { forkyardErrorClasses, isForkyardError } from '../errors.js';
import { ErrorOrigin } from './wire-format.js';

const builtins: Record<string, object | undefined> = {
  Error: Error.prototype,
  EvalError: EvalError.prototype,
  RangeError: RangeError.prototype,
  ReferenceError: ReferenceError.prototype,
  SyntaxError: SyntaxError.prototype,
  TypeError: TypeError.prototype,
  URIError: URIError.prototype,
  AggregateError: AggregateError.prototype,
};

// Not in the types of this language level, and absent where the engine runs without a compiler.
const webAssembly: unknown = Reflect.get(globalThis, 'WebAssembly');
if (typeof webAssembly === 'object' && webAssembly !== null) {
  for (const name of ['CompileError', 'LinkError', 'RuntimeError']) {
    builtins[`WebAssembly.${name}`] = Reflect.get(webAssembly, name).prototype;
  }
}

const namesByPrototype = new Map<unknown, string>();
for (const [name, prototype] of Object.entries(builtins)) namesByPrototype.set(prototype, name);

/**
 * Says where the class of an error is known, and its name there. `claimed` is its `constructor` property: Node's own
 * errors have an extra prototype in between but claim the builtin, and a builtin of another realm has another prototype.
 */
export function originOf(
  error: object,
  claimed: unknown,
): { readonly origin: number; readonly name: string } {
  const className = typeof claimed === 'function' && claimed.name !== '' ? claimed.name : 'Error';
  const claimedPrototype: unknown = typeof claimed === 'function' ? claimed.prototype : undefined;
  const builtin =
    namesByPrototype.get(Object.getPrototypeOf(error)) ?? namesByPrototype.get(claimedPrototype);
  if (builtin !== undefined) return { origin: ErrorOrigin.Builtin, name: builtin };
  if (error instanceof DOMException) return { origin: ErrorOrigin.DomException, name: 'DOMException' };
  if (isForkyardError(error) && Object.hasOwn(forkyardErrorClasses, className)) {
    return { origin: ErrorOrigin.Forkyard, name: className };
  }
  const isOfOtherRealm = Object.hasOwn(builtins, className) && !(error instanceof Error);
  if (isOfOtherRealm || (className === 'AssertionError' && isNodeAssertion(error))) {
    return { origin: ErrorOrigin.Builtin, name: className };
  }
  return { origin: ErrorOrigin.User, name: className };
}

/** The prototype of a class that `originOf` found, or undefined. */
export function knownErrorPrototype(origin: number, name: string): object | undefined {
  if (origin === ErrorOrigin.Forkyard) {
    return Object.hasOwn(forkyardErrorClasses, name) ? forkyardErrorClasses[name].prototype : undefined;
  }
  if (origin !== ErrorOrigin.Builtin) return undefined;
  if (name === 'AssertionError') return assertionPrototype();
  return Object.hasOwn(builtins, name) ? builtins[name] : undefined;
}

function isNodeAssertion(error: object): boolean {
  return Object.getPrototypeOf(error) === assertionPrototype();
}

// Loaded when first met: most processes never see one.
function assertionPrototype(): object {
  return process.getBuiltinModule('node:assert').AssertionError.prototype;
}
