// Reasons why a rival has no part in a scenario, where several have the same.
import type { Lacks } from './rival.js';

export const threadsLack: Lacks = {
  'single processes': 'has threads',
  imap: 'gives no iterator over results',
  'surviving kills': 'no thread dies without its program',
};

export const processesLack: Lacks = {
  'single processes': 'has a pool alone',
  imap: 'gives no iterator over results',
  'shared memory': 'processes that share no memory',
};
