// Options objects: what is none, and options that nobody reads. A misspelt or not yet existing one must not pass in silence.
import { argumentTypeError } from '../errors.js';
import { nearestNames } from '../util/nearest-names.js';

/** Throws `TypeError` for what is no object, with the call as it should be, and for the first key that is none of `known`. */
export function checkOptions(method: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options) || isSignal(options))
    throw argumentTypeError(method, 'options', expectedOf(method, options, known), options);
  refuseUnknownOptions(method, options, known);
}

/** Throws `TypeError` for the first key of `options` that is none of `known`. */
export function refuseUnknownOptions(method: string, options: object, known: readonly string[]): void {
  const name = Object.keys(options).find((key) => !known.includes(key));
  if (name === undefined) return;
  const [nearest] = nearestNames(name, known);
  const hint = nearest === undefined ? `one of ${known.join(', ')}` : `spelt '${nearest}', if that is meant`;
  throw argumentTypeError(method, name, `${hint}; there is no such option`, Reflect.get(options, name));
}

// It has no keys, so it would pass for empty options. (The class is loaded when it is first looked at.)
function isSignal(options: object): boolean {
  return Object.keys(options).length === 0 && options instanceof AbortSignal;
}

// Python's time-outs are numbers by themselves, and so are those of half of JavaScript.
function expectedOf(method: string, given: unknown, known: readonly string[]): string {
  if (typeof given === 'object' && given !== null && isSignal(given) && known.includes('signal'))
    return `an object: ${callOf(method)}{ signal })`;
  if (typeof given !== 'number' || !known.includes('timeout')) return 'an object';
  return `an object: ${callOf(method)}{ timeout: ${given >= 0 ? given : 1000} })`;
}

function callOf(method: string): string {
  const name = method.slice(method.indexOf('.') + 1);
  const before = argumentsBefore[name.replace(/Sync$/, '')];
  return before === undefined ? `${name}(` : `${name}(${before}, `;
}

/** Of the methods that take something before their options. */
const argumentsBefore: Readonly<Record<string, string>> = {
  put: 'value',
  putMany: 'values',
  getMany: 'most',
  send: 'value',
  sendBytes: 'bytes',
  recvBytesInto: 'target',
  run: 'fn',
  waitFor: 'predicate',
  Client: 'address',
  deliverChallenge: 'connection, authkey',
  answerChallenge: 'connection, authkey',
  apply: 'task, args',
  map: 'task, items',
  starmap: 'task, items',
  imap: 'task, items',
  imapUnordered: 'task, items',
};
