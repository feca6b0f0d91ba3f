// How a command ends: the statuses that a shell sees, and the error for wrong usage.
// When which one is chosen is the commands' business.

export const exitStatus = {
  ok: 0,
  /** Something of the work failed. */
  failed: 1,
  /** The command line is wrong; nothing was begun. */
  usage: 2,
  /** 128 + signal, as a shell reports it. */
  interrupted: 130,
  brokenPipe: 141,
  terminated: 143,
} as const;

/** What the user wrote cannot be done; the message says why, and is all that is printed. */
export class UsageError extends Error {
  readonly command: string;

  constructor(command: string, message: string) {
    super(message);
    this.command = command;
  }
}
