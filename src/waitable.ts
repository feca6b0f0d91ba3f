// Waitable: what wait() can wait for. Whoever has something that becomes ready implements it; wait() knows no classes.

/** The key under which an object tells when it is ready. */
export const readiness: unique symbol = Symbol.for('forkyard.readiness') as never;

export interface Readiness {
  /** Whether whoever waits for it would go on at once: also where that is an end, or an error. */
  isReady(): boolean;
  /**
   * Calls `tell` as soon as it may be ready, perhaps more than once and perhaps in vain, and keeps the event loop alive until the
   * returned function was called.
   */
  watch(tell: () => void): () => void;
}

export interface Waitable {
  readonly [readiness]: Readiness;
}

export function isWaitable(value: unknown): value is Waitable {
  return typeof value === 'object' && value !== null && readiness in value;
}
