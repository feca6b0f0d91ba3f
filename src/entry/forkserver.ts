// The first script of a fork server, and so of all its children: serves, and what returns from that is a child.

import { serve } from '../forking/serve.js';
import { defineTasks } from '../index.js';
import { rehearsedTask, workerPart } from '../pool/rehearsal.js';
import * as workerLoop from '../pool/worker-loop.js';
import type { FamilyPlace, ServerInvitation } from '../process/bootstrap.js';
import { knownMainModules, runChild, takeInvitation } from '../process/child.js';
import { rehearseEnd } from '../process/early-end.js';
import { type Part, rehearse } from '../process/rehearsal.js';
import * as runTarget from '../process/run-target.js';
import { targetMain } from '../process/target-message.js';
import '../reducers.js';
import { readTaskModulesAtOnce } from '../task/module-reading.js';

const processPart: Part = {
  main: targetMain,
  payload: { kind: 'target', target: rehearsedTask },
  values: { args: [1] },
  messages: [],
  // Started, and the result.
  answers: 2,
};

knownMainModules.set(processPart.main.href, runTarget).set(workerPart.main.href, workerLoop);

// What the modules of tasks do first: they import this package by its name, and define tasks. Who imports one finds nothing
// to be looked up and compiled but that module. A copy of this package that has no name, in a bundle, is imported in
// another way.
async function rehearseImport(): Promise<void> {
  defineTasks(import.meta, { rehearseImport });
  try {
    await import('forkyard');
    // A pattern is compiled to machine code when it is matched for the second time; Node's for the names of packages is
    // so large that it took each child 0.8 ms.
    import.meta.resolve('forkyard/system');
    import.meta.resolve('forkyard/package.json');
  } catch {}
}

async function main({ server }: ServerInvitation): Promise<void> {
  readTaskModulesAtOnce();
  const { invitation, lifelines } = await serve(server, async () => {
    // It takes a millisecond, in which the rest happens.
    const timer = new Promise((resolve) => setTimeout(resolve, 1));
    await rehearse(processPart);
    await rehearse(workerPart);
    await rehearseImport();
    await timer;
    rehearseEnd();
  });
  const place = JSON.parse(invitation) as Pick<FamilyPlace, 'slot' | 'channel'>;
  await runChild({ ...place, descriptors: [server.arena, server.liveness, ...lifelines] }, true);
}

void main(takeInvitation<ServerInvitation>());
