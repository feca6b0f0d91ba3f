// The errors of those who release what they do not hold.
import { ForkyardError } from '../errors.js';

export function notHeld(message: string): ForkyardError {
  return new ForkyardError(message, { code: 'ERR_FORKYARD_NOT_HELD' });
}

export function guardOver(): ForkyardError {
  return notHeld('Guard.release: what it guarded was released already; a guard is released once');
}
