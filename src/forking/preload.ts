// Importing what is to be shared by all children: modules that the user names, and those that this program was started
// with (--require, --import), which are not left to Node so that what they do can be judged here.
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

export interface PreloadSet {
  readonly requires: readonly string[];
  readonly imports: readonly string[];
  readonly preload: readonly string[];
}

const mostText = 8000;

/** A module that could not be preloaded. */
export class PreloadFailure extends Error {
  readonly specifier: string;

  constructor(specifier: string, cause: unknown) {
    super(cause instanceof Error ? `${cause.name}: ${cause.message}` : `it threw ${String(cause)}`, {
      cause,
    });
    this.specifier = specifier;
  }

  /** What of it can be told in one packet. */
  get refusal(): { readonly specifier: string; readonly reason: string; readonly stack: string | undefined } {
    const { stack } = (this.cause ?? {}) as { stack?: unknown };
    return {
      specifier: this.specifier,
      reason: this.message.slice(0, mostText),
      stack: typeof stack === 'string' ? stack.slice(0, mostText) : undefined,
    };
  }
}

/** In this order, as Node does. Relative and bare names are looked for from the working directory. */
export async function preload({ requires, imports, preload }: PreloadSet): Promise<void> {
  for (const specifier of requires) await attempt(specifier, () => requireHere()(specifier));
  for (const specifier of [...imports, ...preload]) await attempt(specifier, () => import(locate(specifier)));
}

// Only where something is to be found from there: the directory may be gone.
function requireHere(): NodeJS.Require {
  return createRequire(`${process.cwd()}/`);
}

async function attempt(specifier: string, load: () => unknown): Promise<void> {
  try {
    await load();
  } catch (cause) {
    throw new PreloadFailure(specifier, cause);
  }
}

function locate(specifier: string): string {
  if (/^(file|data|node):/.test(specifier)) return specifier;
  if (/^\.{0,2}\//.test(specifier)) return pathToFileURL(resolve(specifier)).href;
  const found = requireHere().resolve(specifier);
  return found.startsWith('/') ? pathToFileURL(found).href : found;
}
