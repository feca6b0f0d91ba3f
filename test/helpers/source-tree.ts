// Reads the sources as the architecture test sees them: which files there are, what each imports or includes.
// The rules themselves are in architecture.test.ts.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export const root = resolve(fileURLToPath(import.meta.url), '../../..');

/** Paths relative to the package, sorted; folders that are built or recorded are left out. */
export function filesBelow(folder: string, pattern: RegExp): string[] {
  return entriesBelow(folder).filter((path) => pattern.test(path) && statSync(join(root, path)).isFile());
}

/** Files and folders. */
export function entriesBelow(folder: string): string[] {
  try {
    return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .map((name) => `${folder}/${name}`)
      .sort();
  } catch {
    return [];
  }
}

export function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

export function parse(path: string): ts.SourceFile {
  return ts.createSourceFile(path, read(path), ts.ScriptTarget.Latest, true);
}

/** Every module that a file names: imports and re-exports of values and types, `import()` and `import('x').T`. */
export function importsOf(path: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const specifier = specifierOf(node);
    if (specifier !== undefined && ts.isStringLiteralLike(specifier)) found.push(specifier.text);
    ts.forEachChild(node, visit);
  };
  visit(parse(path));
  return found;
}

function specifierOf(node: ts.Node): ts.Node | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier;
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return node.argument.literal;
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
    return node.arguments[0];
  return undefined;
}

/** The source file that a relative import of a source file means. */
export function resolveImport(importer: string, specifier: string): string {
  return relative(root, resolve(root, dirname(importer), specifier)).replace(/\.js$/, '.ts');
}

export interface Include {
  /** As written. */
  readonly header: string;
  /** True for <header>. */
  readonly isSystem: boolean;
}

export function includesOf(path: string): Include[] {
  return [...read(path).matchAll(/^\s*#\s*include\s*([<"])([^>"]+)[>"]/gm)].map(([, bracket, header]) => ({
    header,
    isSystem: bracket === '<',
  }));
}
