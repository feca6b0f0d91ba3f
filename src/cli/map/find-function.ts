// From `<module>#<export>` to where a worker finds it. The module is not imported here, as user code runs in workers only:
// whether it has that export is told by the first worker.
import { readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { TaskReference } from '../../task/reference.js';
import { nearestNames } from '../../util/nearest-names.js';
import { UsageError } from '../exit-status.js';

/** Throws UsageError if there is no such file or package. */
export function findFunction(text: string): TaskReference {
  const hash = text.lastIndexOf('#');
  const module = hash === -1 ? text : text.slice(0, hash);
  const name = hash === -1 ? 'default' : text.slice(hash + 1);
  if (module === '' || name === '') {
    throw new UsageError('map', `'${text}' is no <module>#<export>: write for instance ./tasks.js#parse`);
  }
  return { module: moduleUrl(module), name };
}

function moduleUrl(module: string): string {
  if (/^(file|node):/.test(module)) return module;
  const path = resolve(module);
  if (isFile(path)) return pathToFileURL(path).href;
  const isPath = /^\.{0,2}\//.test(module);
  const found = isPath ? undefined : findPackage(module);
  if (found !== undefined) return found;
  throw new UsageError('map', `cannot find the module '${module}'${suggestion(module, path, isPath)}`);
}

function findPackage(name: string): string | undefined {
  const importer = join(process.cwd(), 'package.json');
  try {
    const path = createRequire(importer).resolve(name);
    return path.startsWith('/') ? pathToFileURL(path).href : path;
  } catch {
    return undefined;
  }
}

function suggestion(module: string, path: string, isPath: boolean): string {
  const near = nearestNames(basename(path), filesIn(dirname(path)));
  const prefix = module.slice(0, module.length - basename(module).length);
  if (near.length > 0) return `; did you mean ${near.map((name) => `'${prefix}${name}'`).join(' or ')}?`;
  return isPath
    ? `: there is no file ${path}`
    : `: neither a file, nor a package that ${process.cwd()} could require`;
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => /\.[cm]?[jt]s$/.test(name));
  } catch {
    return [];
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
