// Which classes and which special objects may cross a process border, and under which name. Filled from outside: by users
// (registerClass) and by the modules of higher rank that own shared objects. Nothing is encoded here.
import { argumentTypeError, ForkyardError } from '../errors.js';

/**
 * A kind of object that travels as something else. Asked for functions, proxies and objects whose prototype is not one of
 * the language's own. `encode` gives a value that the codec knows (bytes are a Uint8Array); `decode` gets it back.
 */
export interface WireExtension<T = never> {
  /** Unique in the registry, and the same in every process. */
  readonly tag: string;
  matches(value: object): boolean;
  encode(value: T): unknown;
  decode(plain: unknown): unknown;
}

export interface ClassOptions<T> {
  /** The name on the wire, the same in every process. Default: the class's own name. */
  readonly name?: string;
  /** What to send instead of the own enumerable fields. */
  readonly toWire?: (instance: T) => unknown;
  /** Makes an instance of what was sent. Default: an object of the class with those fields; no constructor runs. */
  readonly fromWire?: (plain: never) => T;
}

/** A registered class, as the codec sees it. */
export interface ClassEntry {
  readonly name: string;
  readonly prototype: object;
  readonly toWire: ((instance: object) => unknown) | undefined;
  readonly fromWire: ((plain: unknown) => unknown) | undefined;
}

type Constructor<T> = abstract new (...args: never[]) => T;

/** Holds extensions, classes and error classes. Encoders and decoders are given one; `defaultRegistry` if not. */
export class WireRegistry {
  readonly #extensions = new Map<string, WireExtension>();
  readonly #classesByName = new Map<string, ClassEntry>();
  readonly #classesByPrototype = new Map<object, ClassEntry>();
  readonly #errorsByName = new Map<string, object>();
  readonly #errorsByPrototype = new Map<object, string>();

  /** Adds an extension. Throws ForkyardError ERR_FORKYARD_ALREADY_REGISTERED when its tag is taken by another. */
  registerExtension<T>(extension: WireExtension<T>): void {
    const known = this.#extensions.get(extension.tag);
    if (known !== undefined && known !== (extension as unknown))
      throw alreadyRegistered('registerExtension', extension.tag);
    this.#extensions.set(extension.tag, extension as unknown as WireExtension);
  }

  /**
   * Lets instances of exactly this class arrive as instances. Register it in every process, under the same name, best in
   * the module that defines it. Private `#fields` do not travel unless `toWire` and `fromWire` carry them.
   */
  registerClass<T extends object>(target: Constructor<T>, options: ClassOptions<T> = {}): void {
    const name = checkName('registerClass', target, options.name);
    if (target.prototype instanceof Error) {
      throw argumentTypeError('registerClass', 'Class', 'no error class (use registerErrorClass)', target);
    }
    if (hasInternalState(target.prototype) && !(options.toWire && options.fromWire)) {
      const expected =
        'given toWire and fromWire, as it extends a builtin whose content is not in its fields';
      throw argumentTypeError('registerClass', name, expected, target);
    }
    const known = this.#classesByName.get(name);
    if (known !== undefined && known.prototype !== target.prototype)
      throw alreadyRegistered('registerClass', name);
    const entry = { name, prototype: target.prototype, ...pickConversions(options) };
    this.#classesByName.set(name, entry);
    this.#classesByPrototype.set(entry.prototype, entry);
  }

  /** Lets errors of exactly this class arrive as such, rebuilt without running the constructor. */
  registerErrorClass<T extends Error>(
    target: Constructor<T>,
    options: { readonly name?: string } = {},
  ): void {
    const name = checkName('registerErrorClass', target, options.name);
    if (!(target.prototype instanceof Error)) {
      throw argumentTypeError('registerErrorClass', 'Class', 'a class that extends Error', target);
    }
    const known = this.#errorsByName.get(name);
    if (known !== undefined && known !== target.prototype)
      throw alreadyRegistered('registerErrorClass', name);
    this.#errorsByName.set(name, target.prototype);
    this.#errorsByPrototype.set(target.prototype, name);
  }

  /** @internal */
  findExtension(value: object): WireExtension | undefined {
    for (const extension of this.#extensions.values()) if (extension.matches(value)) return extension;
    return undefined;
  }

  /** @internal */
  extensionOf(tag: string): WireExtension | undefined {
    return this.#extensions.get(tag);
  }

  /** @internal */
  findClass(prototype: object): ClassEntry | undefined {
    return this.#classesByPrototype.get(prototype);
  }

  /** @internal */
  classOf(name: string): ClassEntry | undefined {
    return this.#classesByName.get(name);
  }

  /** @internal The name under which errors of this prototype are registered. */
  errorNameOf(prototype: object): string | undefined {
    return this.#errorsByPrototype.get(prototype);
  }

  /** @internal */
  errorPrototypeOf(name: string): object | undefined {
    return this.#errorsByName.get(name);
  }
}

/** The registry of this process. */
export const defaultRegistry = new WireRegistry();

/** `WireRegistry.registerClass` of the registry of this process. */
export function registerClass<T extends object>(target: Constructor<T>, options?: ClassOptions<T>): void {
  defaultRegistry.registerClass(target, options);
}

/** `WireRegistry.registerErrorClass` of the registry of this process. */
export function registerErrorClass<T extends Error>(
  target: Constructor<T>,
  options?: { readonly name?: string },
): void {
  defaultRegistry.registerErrorClass(target, options);
}

function checkName(method: string, target: unknown, given: unknown): string {
  if (typeof target !== 'function' || typeof target.prototype !== 'object' || target.prototype === null) {
    throw argumentTypeError(method, 'Class', 'a class', target);
  }
  const name = given ?? target.name;
  if (typeof name !== 'string' || name === '') {
    throw argumentTypeError(
      method,
      'name',
      'a string that is not empty (the class has no name of its own)',
      given,
    );
  }
  if (target.prototype === Object.prototype)
    throw argumentTypeError(method, 'Class', 'a class of your own', target);
  return name;
}

function pickConversions<T>(options: ClassOptions<T>): Pick<ClassEntry, 'toWire' | 'fromWire'> {
  for (const key of ['toWire', 'fromWire'] as const) {
    if (options[key] !== undefined && typeof options[key] !== 'function') {
      throw argumentTypeError('registerClass', key, 'a function', options[key]);
    }
  }
  return {
    toWire: options.toWire as ClassEntry['toWire'],
    fromWire: options.fromWire as ClassEntry['fromWire'],
  };
}

const statefulClasses = [
  Map,
  Set,
  WeakMap,
  WeakSet,
  WeakRef,
  Array,
  Date,
  RegExp,
  Promise,
  ArrayBuffer,
  SharedArrayBuffer,
  DataView,
  Object.getPrototypeOf(Uint8Array),
  Boolean,
  Number,
  String,
  Function,
];

function hasInternalState(prototype: object): boolean {
  return statefulClasses.some((builtin) => prototype instanceof builtin);
}

function alreadyRegistered(method: string, name: string): ForkyardError {
  return new ForkyardError(
    `${method}: '${name}' is already the name of another one; pass { name } with a name of its own`,
    { code: 'ERR_FORKYARD_ALREADY_REGISTERED' },
  );
}
