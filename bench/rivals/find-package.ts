// The package.json of an installed package, also where its exports do not give it away.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface PackageJson {
  readonly name: string;
  readonly version: string;
}

/** Looks upwards from the module that the name resolves to. */
export function findPackage(name: string): { readonly folder: string; readonly json: PackageJson } {
  let folder = dirname(fileURLToPath(import.meta.resolve(name)));
  for (; folder !== dirname(folder); folder = dirname(folder)) {
    const path = join(folder, 'package.json');
    if (!existsSync(path)) continue;
    const json = JSON.parse(readFileSync(path, 'utf8')) as PackageJson;
    if (json.name === name) return { folder, json };
  }
  throw new Error(`no package.json of ${name} was found`);
}
