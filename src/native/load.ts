// Loads the addon, on first use: the package can be installed and imported where it cannot run.
// Which file fits this machine is node-gyp-build's affair; FORKYARD_ADDON names another one (tests do).

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ForkyardError } from '../errors.js';
import { libFolder } from '../location.js';
import type { Addon } from './contract.js';

let addon: Addon | undefined;
let file: string | undefined;

/** The addon of this environment. Throws `ERR_FORKYARD_UNSUPPORTED_PLATFORM` where there can be none. */
export function loadAddon(): Addon {
  addon ??= load();
  return addon;
}

/** Where the addon is; for processes that this one starts, which need not look for it. */
export function addonFile(): string {
  file ??= findAddon();
  return file;
}

/** In a process that was told. */
export function addonIsAt(path: string): void {
  file = path;
}

/** Why Forkyard cannot run in such a process, or undefined. */
export function unsupportedReason(host: {
  platform: string;
  arch: string;
  versions: Record<string, string | undefined>;
  nativeAddonsForbidden: boolean;
}): string | undefined {
  if (host.versions['bun'] !== undefined) return 'Bun';
  if (host.versions['deno'] !== undefined) return 'Deno';
  if (host.versions['electron'] !== undefined) return 'Electron';
  if (host.platform !== 'linux') return `the operating system ${host.platform}`;
  if (host.arch !== 'x64' && host.arch !== 'arm64') return `the processor architecture ${host.arch}`;
  if (host.nativeAddonsForbidden)
    return "Node's permission model without --allow-addons and --allow-child-process";
  return undefined;
}

function load(): Addon {
  const reason = unsupportedReason({
    platform: process.platform,
    arch: process.arch,
    versions: process.versions,
    nativeAddonsForbidden: addonsAreForbidden(),
  });
  if (reason !== undefined) {
    throw new ForkyardError(
      `Forkyard cannot run here: it does not support ${reason}. It needs Node 20.19 or later on Linux (x64 or arm64).`,
      { code: 'ERR_FORKYARD_UNSUPPORTED_PLATFORM' },
    );
  }
  try {
    const module = { exports: {} };
    process.dlopen(module, addonFile());
    return module.exports as Addon;
  } catch (cause) {
    throw new ForkyardError(
      'Forkyard could not load its native addon. Reinstall the package on this machine (`npm rebuild forkyard`); ' +
        'where no prebuilt addon fits, that needs a C++20 compiler, make and Python 3.',
      { code: 'ERR_FORKYARD_ADDON_MISSING', cause },
    );
  }
}

// Where it was compiled is where node-gyp-build would look first, after a few milliseconds.
function findAddon(): string {
  const named = process.env['FORKYARD_ADDON'];
  if (named !== undefined && named !== '') return resolve(named);
  const root = fileURLToPath(new URL('..', libFolder));
  const compiled = `${root}build/Release/forkyard.node`;
  if (!process.env['PREBUILDS_ONLY'] && existsSync(compiled)) return compiled;
  const nodeGypBuild = createRequire(libFolder)('node-gyp-build') as { path(directory: string): string };
  return nodeGypBuild.path(root);
}

function addonsAreForbidden(): boolean {
  const permission = (process as { permission?: { has(scope: string): boolean } }).permission;
  if (permission === undefined) return false;
  return !permission.has('child') || process.execArgv.every((flag) => !flag.startsWith('--allow-addons'));
}
