// The flags that Node was started with: which of them make sense for a child, and what a fork server does about each.

/** What a fork server is started with. */
export interface ServerFlags {
  /** For Node itself. */
  readonly flags: readonly string[];
  /** Modules that --require and --import name: loaded by the server, which can then judge what they did. */
  readonly requires: readonly string[];
  readonly imports: readonly string[];
}

const notForChildren = /^--(inspect|debug|watch|test|input-type|check|interactive)/;
// These run on threads of their own, or watch the process from its first line to its last.
const notForForks =
  /^--(loader|experimental-loader|cpu-prof|heap-prof|prof|trace-event|experimental-permission|permission|jitless|single-threaded|v8-pool-size|build-snapshot|heapsnapshot)/;

/** The flags of this process that make sense for another program: no debugger port, no inline code. */
export function inheritedExecArgv(execArgv: readonly string[] = process.execArgv): string[] {
  const inherited: string[] = [];
  for (let i = 0; i < execArgv.length; i++) {
    const flag = execArgv[i] as string;
    if (/^(-e|-p|-pe|--eval|--print)$/.test(flag)) i++;
    else if (!/^(--eval=|--print=|-c$|-i$)/.test(flag) && !notForChildren.test(flag)) inherited.push(flag);
  }
  return inherited;
}

/** Returns a reason if no fork server can be what a process with these flags and NODE_OPTIONS is. */
export function serverFlags(
  execArgv: readonly string[],
  nodeOptions: string | undefined,
): ServerFlags | string {
  const given = inheritedExecArgv([...splitOptions(nodeOptions ?? ''), ...execArgv]);
  const flags: string[] = [];
  const requires: string[] = [];
  const imports: string[] = [];
  for (let i = 0; i < given.length; i++) {
    const flag = given[i] as string;
    if (notForForks.test(flag)) return `Node was started with ${flag}`;
    const module = /^(--require|-r|--import)(?:=(.*))?$/.exec(flag);
    if (module === null) {
      flags.push(flag);
      continue;
    }
    const name = module[2] ?? (given[++i] as string);
    (module[1] === '--import' ? imports : requires).push(name);
  }
  return { flags, requires, imports };
}

// As Node reads NODE_OPTIONS: words, in which double quotes hold spaces and a backslash in quotes the next character.
function splitOptions(text: string): string[] {
  const words = text.match(/(?:"(?:\\.|[^"\\])*"|[^\s"])+/g) ?? [];
  return words.map((word) =>
    word.replace(/"((?:\\.|[^"\\])*)"/g, (_, quoted: string) => quoted.replace(/\\(.)/g, '$1')),
  );
}
