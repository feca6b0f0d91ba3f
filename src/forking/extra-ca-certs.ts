// NODE_EXTRA_CA_CERTS in a fork server. Node before 22 reads those certificates, and its own, when it starts: that is longer
// than the rest of it. So a server is started without, and they are read when one of its children makes a TLS connection.
import { resolve } from 'node:path';
import { loadAddon } from '../native/load.js';

const variable = 'NODE_EXTRA_CA_CERTS';

export interface ExtraCaCerts {
  readonly file: string;
  /** The variable, and how many are before it. */
  readonly value: string;
  readonly position: number;
}

/** What `env`, a server's, loses by it; undefined if this Node does not read them then, or cannot be told of them later. */
export function takeExtraCaCerts(env: Record<string, string | undefined>): ExtraCaCerts | undefined {
  const value = env[variable];
  if (value === undefined || value === '' || !loadAddon().canDeferExtraCaCerts()) return undefined;
  const position = Object.keys(env).indexOf(variable);
  delete env[variable];
  return { file: resolve(value), value, position };
}

/** In the server, before it runs code of others. */
export function deferExtraCaCerts({ file, value, position }: ExtraCaCerts): void {
  loadAddon().deferExtraCaCerts(file);
  // Where the client has it: that nothing has changed is told by a comparison of two texts.
  const behind = Object.entries(process.env).slice(position);
  process.env[variable] = value;
  for (const [name, text] of behind) {
    delete process.env[name];
    process.env[name] = text;
  }
}
