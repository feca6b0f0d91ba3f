// A promise with its two ends apart. An unread rejection is nobody's error: what rejects it is known elsewhere too.

/** Settled at most once; later calls do nothing. */
export interface Settleable<T> {
  readonly promise: Promise<T>;
  readonly isSettled: boolean;
  resolve(value: T): void;
  reject(reason: unknown): void;
}

export function settleable<T>(): Settleable<T> {
  let resolvePromise!: (value: T) => void;
  let rejectPromise!: (reason: unknown) => void;
  const promise = new Promise<T>((onResolve, onReject) => {
    resolvePromise = onResolve;
    rejectPromise = onReject;
  });
  promise.catch(() => {});
  let isSettled = false;
  return {
    promise,
    get isSettled() {
      return isSettled;
    },
    resolve(value) {
      isSettled = true;
      resolvePromise(value);
    },
    reject(reason) {
      isSettled = true;
      rejectPromise(reason);
    },
  };
}
