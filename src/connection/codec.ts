// Values as messages between programs that are no family: in Forkyard's encoding, plain data only, or as JSON.
// The encoding itself is serialize/; within a family much more can be sent.
import { types } from 'node:util';
import { SerializationError } from '../errors.js';
import { Decoder } from '../serialize/decoder.js';
import { EncodeFailure } from '../serialize/encode-state.js';
import { Encoder } from '../serialize/encoder.js';
import { WireRegistry } from '../serialize/registry.js';
import { reasonAgainst, reasonAgainstFunction } from '../serialize/unsupported.js';
import { localOnly } from '../util/local-only.js';
import { MessageBudget, refuseJson } from './budget.js';

export interface Codec {
  /** Valid until the next call. */
  encode(value: unknown): Uint8Array;
  decode(message: Uint8Array): unknown;
}

/** What is not plain is refused, by name: nothing of another program makes an object of a class here, or runs code. */
export function plainCodec(): Codec {
  const encoder = new Encoder({ registry: plainRegistry });
  const decoder = new Decoder({ registry: plainRegistry, budget: new MessageBudget() });
  return {
    encode(value) {
      encoder.encode(value);
      return encoder.bytes.subarray(encoder.start, encoder.end);
    },
    decode: (message) => decoder.decode(message),
  };
}

export const jsonCodec: Codec = {
  encode(value) {
    return Buffer.from(jsonOf(value));
  },
  decode(message) {
    const refusal = refuseJson(message);
    if (refusal !== undefined)
      throw new SerializationError(`cannot read the message: ${refusal}`, {
        code: 'ERR_FORKYARD_CORRUPT_MESSAGE',
      });
    try {
      return JSON.parse(utf8.decode(message));
    } catch (cause) {
      throw new SerializationError(
        'the message is no JSON (see cause), and is used up: what may be anything is received by recvBytes()',
        {
          code: 'ERR_FORKYARD_CORRUPT_MESSAGE',
          cause,
        },
      );
    }
  },
};

const utf8 = new TextDecoder('utf-8', { fatal: true });
const otherProgram = 'only plain data goes to another program';

// Never filled but for this: what users register for their family is none of an outsider's business.
const plainRegistry = new WireRegistry();
plainRegistry.registerExtension<object>({
  tag: 'forkyard.plain',
  matches: isForeign,
  encode(value) {
    throw new EncodeFailure(value, `${otherProgram}: ${describe(value)}; send its data, or its bytes`);
  },
  decode() {
    throw new SerializationError(`cannot read the message: ${otherProgram}, and this is something else`, {
      code: 'ERR_FORKYARD_CORRUPT_MESSAGE',
    });
  },
});

function isForeign(value: object): boolean {
  if (typeof value === 'function') return true;
  if (types.isProxy(value)) return false;
  if (localOnly in value) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || types.isNativeError(value) || value instanceof Error) return false;
  // Those have reasons of their own, or are the language's; by depth, so that classes made of them are not.
  if (isBuiltin(value)) return depthOf(value) > (types.isTypedArray(value) ? 3 : 2);
  if (Object.getPrototypeOf(prototype) === null) return false;
  return reasonAgainst(value) === undefined;
}

function isBuiltin(value: object): boolean {
  return (
    ArrayBuffer.isView(value) ||
    types.isDate(value) ||
    types.isMap(value) ||
    types.isSet(value) ||
    types.isAnyArrayBuffer(value) ||
    types.isRegExp(value) ||
    types.isBoxedPrimitive(value) ||
    Array.isArray(value)
  );
}

/** How many prototypes it has. */
function depthOf(value: object): number {
  let depth = 0;
  for (let at: unknown = Object.getPrototypeOf(value); at !== null; at = Object.getPrototypeOf(at)) depth++;
  return depth;
}

function describe(value: object): string {
  if (typeof value === 'function')
    return reasonAgainstFunction(value).split(';')[0].replace('another process', 'it');
  const name: unknown = (value as { constructor?: { name?: unknown } }).constructor?.name;
  return `this is an instance of ${typeof name === 'string' && name !== '' ? name : 'a class'}`;
}

function jsonOf(value: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (cause) {
    throw new SerializationError('cannot send the value: it has no JSON (see cause)', { cause });
  }
  if (text !== undefined) return text;
  throw new SerializationError(`cannot send the value: JSON has no ${typeof value}`);
}
