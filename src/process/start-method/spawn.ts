// Start method `spawn`: a new Node process, by child_process. It inherits the family's descriptors and nothing else.

import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { member } from '../../family/membership.js';
import { variablesOf } from '../../forking/environment.js';
import { moduleUrl } from '../../location.js';
import { addonFile } from '../../native/load.js';
import { type InvitationData, invitationVariable } from '../bootstrap.js';
import { type ExitStatus, exitStatusOf } from '../exit-status.js';
import { inheritedExecArgv } from './node-flags.js';
import { watchStart } from './stalled-start.js';
import { startFailed } from './start-failed.js';
import type { Launch, Launched, LaunchRequest, StartMethod } from './start-method.js';

// Node's own number, if nobody gives another.
const poolThreads = 4;
const childEntry = fileURLToPath(moduleUrl('entry/child.js'));

export const spawnMethod: StartMethod = {
  launch(request): Launch {
    const { addon } = member();
    const descriptors = inheritable();
    const lifelines = descriptors.slice(2);
    const invitation: InvitationData = {
      addon: addonFile(),
      ...request.place.address,
      descriptors: descriptors.map((_, index) => 3 + index),
    };
    let child: ChildProcess;
    try {
      child = spawn(process.execPath, [...(request.execArgv ?? inheritedExecArgv()), childEntry], {
        stdio: [...request.stdio, ...descriptors],
        env: { ...variablesOf(request.env), [invitationVariable]: JSON.stringify(invitation) },
        ...(request.cwd === undefined ? {} : { cwd: request.cwd }),
      });
    } catch (cause) {
      addon.armLifelines(lifelines, 0);
      return { ...nothing, launched: Promise.reject(startFailed(request.cwd, cause)) };
    }
    addon.armLifelines(lifelines, child.pid ?? 0);
    const { stdin, stdout, stderr } = child;
    return {
      stdin,
      stdout,
      stderr,
      launched: launched(child, request),
      ref: () => child.ref(),
      unref: () => child.unref(),
    };
  },
};

const nothing = { stdin: null, stdout: null, stderr: null, ref: () => {}, unref: () => {} };

// New descriptors: where there are none left, nothing was started and nothing may stay behind.
function inheritable(): number[] {
  try {
    return member().addon.descriptors();
  } catch (cause) {
    throw startFailed(undefined, cause);
  }
}

function launched(child: ChildProcess, request: LaunchRequest): Launched | Promise<Launched> {
  if (child.pid === undefined) {
    return new Promise((_resolve, reject) => {
      child.once('error', (cause) => reject(startFailed(request.cwd, cause)));
    });
  }
  let status: ExitStatus | undefined;
  const callbacks: ((status: ExitStatus) => void)[] = [];
  const endWatch = watchStart(child.pid, poolThreads, () => child.kill('SIGKILL'));
  child.once('exit', (code, signal) => {
    endWatch();
    status = exitStatusOf(code, signal);
    for (const callback of callbacks.splice(0)) callback(status);
  });
  // A failing kill() or send(); this module uses neither, and an event without a listener would end the program.
  child.on('error', () => {});
  return {
    pid: child.pid,
    kill: (signal) => child.kill(signal),
    onExit(callback) {
      if (status === undefined) callbacks.push(callback);
      else callback(status);
    },
    ref: () => child.ref(),
    unref: () => child.unref(),
  };
}
