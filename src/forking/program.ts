// A copy of a server made to look like the program that its parent asked for.

export interface Program {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly execArgv: readonly string[];
  readonly parentPid: number;
}

/** The process that asked is the parent, not the server. */
export function becomeProgram({ env, execArgv, parentPid }: Program): void {
  forgetDirectory();
  for (const name of Object.keys(process.env)) if (env[name] === undefined) delete process.env[name];
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && process.env[name] !== value) process.env[name] = value;
  }
  define('ppid', parentPid);
  define('execArgv', [...execArgv]);
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
