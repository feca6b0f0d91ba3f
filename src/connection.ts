// Connections to other programs, Forkyard's or Python's, and waiting for several things at once.
// Python: multiprocessing.connection.
export type { Address, AddressFamily } from './connection/address.js';
export type {
  Bytes,
  PollOptions,
  RecvBytesIntoOptions,
  RecvBytesOptions,
  SendBytesOptions,
} from './connection/arguments.js';
export type { AnswerChallengeOptions, DeliverChallengeOptions } from './connection/challenge.js';
export { answerChallenge, deliverChallenge } from './connection/challenge.js';
export type { ClientOptions } from './connection/client.js';
export { Client } from './connection/client.js';
export { Connection } from './connection/connection.js';
export type { DigestName } from './connection/digest.js';
export { Listener } from './connection/listener.js';
export type { ListenerOptions } from './connection/listener-options.js';
export type { SocketOptions } from './connection/socket-options.js';
export { wait } from './connection/wait.js';
export type { WaitOptions } from './options/wait-options.js';
export {} from './reducers.js';
export type { Readiness, Waitable } from './waitable.js';
