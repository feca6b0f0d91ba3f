// A fork server's rehearsal of a child's life: from the boot message to the end of its main module, over a channel that
// leads nowhere. It leaves nothing behind but compiled code.
import { Channel } from '../channel/channel.js';
import type { RecordHead } from '../channel/ring-writer.js';
import { actingAs, joinFamily, member } from '../family/membership.js';
import { pretendFamily } from '../family/pretended.js';
import { ownEnvironment } from '../forking/environment.js';
import { ownAuthkey } from './authkey.js';
import { type BootMessage, bootMessageType } from './bootstrap.js';
import { runChild } from './child.js';
import { ownIdentity } from './identity.js';

/** A child to rehearse: its main module, and what it is sent. */
export interface Part {
  readonly main: URL;
  readonly payload: unknown;
  readonly values: object | undefined;
  readonly messages: readonly { readonly head: RecordHead; readonly value: unknown }[];
  /** How many messages it is to answer with. */
  readonly answers: number;
}

const mostTurns = 1000;

/** Throws if the part was not played to its end. */
export async function rehearse({ main, payload, values, messages, answers }: Part): Promise<void> {
  const [parent, child] = pretendFamily();
  const identity = { ...ownIdentity() };
  const boot: BootMessage = {
    main: main.href,
    payload,
    identity,
    parent: { ...identity, pid: process.ppid },
    authkey: new Uint8Array(ownAuthkey()),
    scheduling: {},
    argv: process.argv.slice(1),
    program: { env: ownEnvironment(), execArgv: process.execArgv },
    readByParent: [],
    preload: [],
  };
  const channel = await actingAs(parent, async () => {
    const made = Channel.create(child.slot);
    made.send({ type: bootMessageType.boot, id: 0, extra: 0 }, boot);
    if (values !== undefined) made.send({ type: bootMessageType.values, id: 0, extra: 0 }, values);
    for (const { head, value } of messages) made.send(head, value);
    return made;
  });
  const heard: unknown[] = [];
  await actingAs(child, async () => {
    const invitation = { slot: child.slot, descriptors: [], channel: channel.address };
    await runChild(invitation, true, (place) => joinFamily(place, child.addon));
    for (let turn = 0; heard.length < answers && turn < mostTurns; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      member().bell.drainNow();
      for (; channel.reader.next(); channel.reader.advance()) heard.push(channel.reader.decode());
    }
  });
  if (heard.length === answers) return;
  throw new Error(`The rehearsal of ${main.href} heard ${heard.length} answers, not ${answers}.`, {
    cause: heard,
  });
}
