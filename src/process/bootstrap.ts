// What parent and child say to each other around the child's start. What follows belongs to the child's main module.
import type { ChannelAddress } from '../channel/channel.js';
import type { ServerSetup } from '../forking/serve.js';
import type { SlotId } from '../native/contract.js';
import type { Scheduling } from './scheduling.js';

/** Types of the messages of this folder; those of a main module begin at `firstOwn`. */
export const bootMessageType = { boot: 1, started: 2, failed: 3, values: 4, firstOwn: 16 } as const;

/** The environment variable that tells a new process where it belongs; removed before user code runs. */
export const invitationVariable = 'FORKYARD_INVITATION';

/** What every invitation tells. */
interface Invitation {
  /** The file of the addon. */
  readonly addon: string;
}

/** Its value in a process that is spawned, as JSON. */
export interface InvitationData extends Invitation, FamilyPlace {}

/** Where a child belongs. */
export interface FamilyPlace {
  readonly slot: SlotId;
  readonly descriptors: readonly number[];
  readonly channel: ChannelAddress;
}

/** Its value in a fork server, whose children are told the rest in the request. */
export interface ServerInvitation extends Invitation {
  readonly server: ServerSetup;
}

/** Parent to child, the first message. */
export interface BootMessage {
  /** URL of the module whose `main(boot)` this process is to run: process/run-target or pool/worker-loop. */
  readonly main: string;
  readonly payload: unknown;
  readonly identity: Identity;
  readonly parent: Identity;
  /** See authkey.ts. */
  readonly authkey: Uint8Array;
  readonly scheduling: Scheduling;
  /** The parent's `process.argv.slice(1)`: the child's looks the same, as in Python. */
  readonly argv: readonly string[];
  /** What a process that is started as a program has from the system, and a copy of another does not. */
  readonly program: {
    /** See forking/environment.ts. */
    readonly env: string;
    readonly execArgv: readonly string[];
  };
  /** The descriptors of its output that the parent reads. */
  readonly readByParent: readonly number[];
  /** Modules to import before the main module; a fork server has done so already. */
  readonly preload: readonly string[];
}

/** What one process knows of another. */
export interface Identity {
  readonly name: string;
  readonly pid: number;
  readonly daemon: boolean;
}
