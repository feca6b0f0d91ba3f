// Reasons why a rival has no part in a scenario, where several have the same.
import type { Lacks } from './rival.js';

export const threadsLack: Lacks = {
  imap: 'gives all results at once',
  'surviving kills': 'its threads die with the program',
};

export const processesLack: Lacks = {
  imap: 'gives all results at once',
  'shared memory': 'its processes share no memory',
};
