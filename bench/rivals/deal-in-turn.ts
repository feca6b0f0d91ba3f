// Calls dealt out in turn to workers that take messages: what one writes by hand, without a pool.

export interface Reply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

interface Pending {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** `send` takes the number of a worker and its message; replies are handed to `settle`. */
export function dealInTurn(workers: number, send: (worker: number, message: object) => void) {
  const pending = new Map<number, Pending>();
  let calls = 0;
  return {
    call(value: unknown): Promise<unknown> {
      const id = calls++;
      send(id % workers, { id, value });
      return new Promise((resolve, reject) => {
        pending.set(id, { resolve, reject });
      });
    },
    settle({ id, result, error }: Reply): void {
      const call = pending.get(id);
      pending.delete(id);
      if (error === undefined) call?.resolve(result);
      else call?.reject(new Error(error));
    },
  };
}

/** The worker's side: runs the task, and says what came of it. */
export function replyTo(
  { id, value }: { id: number; value: unknown },
  run: (value: unknown) => unknown,
): Reply {
  try {
    return { id, result: run(value) };
  } catch (error) {
    return { id, error: (error as Error).message };
  }
}
