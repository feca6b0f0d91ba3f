// A copy of a server made to look like the program that its parent asked for.

import { ownEnvironment, variablesOf } from './environment.js';

export interface Program {
  readonly env: string;
  readonly execArgv: readonly string[];
  readonly parentPid: number;
}

let environment = '';

/** In the server, when nobody will change it any more. */
export function rememberEnvironment(): void {
  environment = ownEnvironment();
}

/** The process that asked is the parent, not the server. */
export function becomeProgram({ env, execArgv, parentPid }: Program): void {
  forgetDirectory();
  if (env !== environment) setEnvironment(variablesOf(env));
  define('ppid', parentPid);
  define('execArgv', [...execArgv]);
}

function setEnvironment(env: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(process.env)) if (env[name] === undefined) delete process.env[name];
  for (const [name, value] of Object.entries(env)) {
    if (process.env[name] !== value) process.env[name] = value;
  }
}

// Node remembers where the server was, until somebody goes elsewhere.
function forgetDirectory(): void {
  try {
    process.chdir('.');
  } catch {
    // It was removed, or may not be entered: what the child makes of that is its affair.
  }
}

/** The system's number for this process, which Node reads when it starts. */
export function setPid(pid: number): void {
  define('pid', pid);
}

// Some are accessors of Node's, which keep what they are when they are only given a value.
function define(name: string, value: unknown): void {
  Reflect.deleteProperty(process, name);
  Object.defineProperty(process, name, { value, writable: true, enumerable: true, configurable: true });
}
