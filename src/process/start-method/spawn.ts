// Start method `spawn`: a new Node process, by child_process. It inherits the family's descriptors and nothing else.
import { type ChildProcess, spawn } from 'node:child_process';
import { ProcessError } from '../../errors.js';
import { type ExitStatus, exitStatusOf } from '../exit-status.js';
import type { Launched, LaunchRequest, StartMethod } from './start-method.js';

export const spawnMethod: StartMethod = {
  name: 'spawn',
  launch(request) {
    let child: ChildProcess;
    try {
      child = spawn(process.execPath, [...(request.execArgv ?? inheritedExecArgv()), request.entry], {
        stdio: [...request.stdio, ...request.descriptors],
        env: request.env as NodeJS.ProcessEnv,
        ...(request.cwd === undefined ? {} : { cwd: request.cwd }),
      });
    } catch (cause) {
      return Promise.reject(startFailed(request, cause as Error));
    }
    if (child.pid !== undefined) return launched(child, child.pid);
    return new Promise((_resolve, reject) => {
      child.once('error', (cause) => reject(startFailed(request, cause)));
    });
  },
};

function launched(child: ChildProcess, pid: number): Launched {
  let status: ExitStatus | undefined;
  const callbacks: ((status: ExitStatus) => void)[] = [];
  child.once('exit', (code, signal) => {
    status = exitStatusOf(code, signal);
    for (const callback of callbacks.splice(0)) callback(status);
  });
  // A failing kill() or send(); this module uses neither, and an event without a listener would end the program.
  child.on('error', () => {});
  return {
    pid,
    stdin: child.stdin,
    stdout: child.stdout,
    stderr: child.stderr,
    kill: (signal) => child.kill(signal),
    onExit(callback) {
      if (status === undefined) callbacks.push(callback);
      else callback(status);
    },
    ref: () => child.ref(),
    unref: () => child.unref(),
  };
}

function startFailed({ cwd }: LaunchRequest, cause: Error): ProcessError {
  const where = cwd === undefined ? '' : ` in ${cwd}`;
  return new ProcessError(`The process could not be started${where}: ${cause.message}.`, {
    code: 'ERR_FORKYARD_START_FAILED',
    cause,
  });
}

const ownFlags = /^--(inspect|debug|watch|test|input-type|check|interactive)/;

/** The flags of this process that make sense for another program: no debugger port, no inline code. */
function inheritedExecArgv(): string[] {
  const inherited: string[] = [];
  const { execArgv } = process;
  for (let i = 0; i < execArgv.length; i++) {
    const flag = execArgv[i] as string;
    if (/^(-e|-p|-pe|--eval|--print)$/.test(flag)) i++;
    else if (!/^(--eval=|--print=|-c$|-i$)/.test(flag) && !ownFlags.test(flag)) inherited.push(flag);
  }
  return inherited;
}
