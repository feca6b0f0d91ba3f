// A child from its first line to its main module: joins the family, hears what it is to be, applies its scheduling.
// The parent's half is child-handle.ts.
import { Channel } from '../channel/channel.js';
import { joinFamily } from '../family/membership.js';
import { type BootMessage, bootMessageType, type InvitationData, invitationVariable } from './bootstrap.js';
import { becomeProcess } from './identity.js';
import type { Scheduling } from './scheduling.js';

/** What a main module is called with. */
export interface ChildContext {
  readonly channel: Channel;
  readonly payload: unknown;
}

/** A module that a child can be told to run. */
export interface MainModule {
  main(context: ChildContext): void | Promise<void>;
}

export async function runChild(): Promise<void> {
  const channel = takePlace(takeInvitation());
  try {
    const boot = firstMessage(channel);
    becomeProcess(boot);
    await schedule(boot.scheduling);
    const module = (await import(boot.main)) as MainModule;
    channel.send({ type: bootMessageType.started, id: 0, extra: 0 }, null);
    await module.main({ channel, payload: boot.payload });
  } catch (error) {
    // Without a main module nobody else would report it.
    channel.send({ type: bootMessageType.failed, id: 0, extra: 0 }, error);
    channel.wakePeerNow();
    process.exitCode = 1;
  }
}

// A parent that ends while its child starts has let go of what it reserved for it. The lifeline is about to end the child;
// that it came too late is nobody's error.
function takePlace(invitation: InvitationData): Channel {
  try {
    joinFamily(invitation);
    return Channel.attach(invitation.channel);
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === 'ESTALE' || code === 'ERR_FORKYARD_STALE_HANDLE') process.exit(1);
    throw error;
  }
}

// What most children do not need is not loaded by them: each module costs a start half a millisecond.
async function schedule(scheduling: Scheduling): Promise<void> {
  if (Object.keys(scheduling).length === 0) return;
  const { applyScheduling } = await import('./scheduling.js');
  applyScheduling(scheduling);
}

function takeInvitation(): InvitationData {
  const text = process.env[invitationVariable];
  delete process.env[invitationVariable];
  if (text === undefined) {
    throw new Error('This file is started by Forkyard; run your own program instead.');
  }
  return JSON.parse(text) as InvitationData;
}

// The parent wrote it before it started us. What lies behind it is for the main module.
function firstMessage({ reader }: Channel): BootMessage {
  if (!reader.next() || reader.type !== bootMessageType.boot) {
    throw new Error('The parent left no word of what this process is to run.');
  }
  const boot = reader.decode() as BootMessage;
  reader.advance();
  return boot;
}
