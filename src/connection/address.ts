// Where listeners listen and clients connect: what an address may be, and in which family of the system it lies.
// Names of hosts mean their IPv4 address, as in Python, unless the family says otherwise.
import { argumentRangeError, argumentTypeError } from '../errors.js';
import { dns, net } from './lazy-modules.js';

/** Python's names. */
export type AddressFamily = 'AF_UNIX' | 'AF_INET' | 'AF_INET6';

/** TCP as Python has it, TCP by names, or the path of a Unix socket; a path that begins with `\0` is Linux's abstract kind. */
export type Address =
  | string
  | readonly [host: string, port: number]
  | { readonly host: string; readonly port: number };

export type ResolvedAddress =
  | { readonly family: 'AF_UNIX'; readonly path: string }
  | { readonly family: 'AF_INET' | 'AF_INET6'; readonly host: string; readonly port: number };

/** sun_path, without the zero that ends it. */
export const maxPathBytes = 107;
const families: readonly unknown[] = ['AF_UNIX', 'AF_INET', 'AF_INET6'];

/** What is meant; `leastPort` is 0 where the system may choose one. */
export function resolveAddress(
  method: string,
  address: unknown,
  family: unknown,
  leastPort: 0 | 1,
): ResolvedAddress {
  checkFamily(method, family);
  const resolved = typeof address === 'string' ? pathOf(method, address) : hostOf(method, address, leastPort);
  if (family === undefined || family === resolved.family) return resolved;
  if (family === 'AF_UNIX' || resolved.family === 'AF_UNIX')
    throw argumentRangeError(method, 'family', `'${resolved.family}', which the address is of`, family);
  return { ...resolved, family: family as 'AF_INET' | 'AF_INET6' };
}

export function checkFamily(method: string, family: unknown): void {
  if (family === undefined || families.includes(family)) return;
  if (typeof family !== 'string') throw argumentTypeError(method, 'family', 'a string', family);
  throw argumentRangeError(method, 'family', `one of ${families.join(', ')}`, family);
}

/** The number that a host's name stands for. No name stands for all that this machine has. */
export async function numberOf({ family, host }: { family: string; host: string }): Promise<string> {
  if (host === '') return family === 'AF_INET6' ? '::' : '0.0.0.0';
  return (await dns().lookup(host, { family: family === 'AF_INET6' ? 6 : 4 })).address;
}

/** For messages. */
export function describeAddress(address: ResolvedAddress): string {
  if (address.family !== 'AF_UNIX') return `${address.host}:${address.port}`;
  return `'${address.path.replace(/^\0/, '\\0')}'`;
}

function pathOf(method: string, path: string): ResolvedAddress {
  const bytes = Buffer.byteLength(path);
  const isPath = path !== '' && path !== '\0' && !path.includes('\0', 1);
  if (isPath && bytes <= maxPathBytes) return { family: 'AF_UNIX', path };
  const expected = `a path of 1 to ${maxPathBytes} bytes, with a zero at most at its beginning`;
  throw argumentRangeError(method, 'address', expected, path);
}

function hostOf(method: string, address: unknown, leastPort: 0 | 1): ResolvedAddress {
  if (typeof address !== 'object' || address === null || (Array.isArray(address) && address.length !== 2)) {
    const expected = 'a path, [host, port] or { host, port }';
    throw argumentTypeError(method, 'address', expected, address);
  }
  const { host, port } = Array.isArray(address)
    ? { host: address[0] as unknown, port: address[1] as unknown }
    : (address as { host?: unknown; port?: unknown });
  if (typeof host !== 'string') throw argumentTypeError(method, 'host', 'a string', host);
  if (typeof port !== 'number') throw argumentTypeError(method, 'port', 'a number', port);
  if (!Number.isInteger(port) || port < leastPort || port > 65535)
    throw argumentRangeError(method, 'port', `an integer from ${leastPort} to 65535`, port);
  return { family: net().isIPv6(host) ? 'AF_INET6' : 'AF_INET', host, port };
}
