// A loop that finds what it wants without waiting goes on in microtasks, and nothing else of the program gets a turn: no timer,
// no request. Here is when to give one.

const longestTurnMs = 5;

/** Call it between the steps of a loop: gives a turn of the event loop to wait for, if the last one was so long ago. */
export function turnGiver(): () => Promise<void> | undefined {
  let since = performance.now();
  return () => {
    if (performance.now() - since < longestTurnMs) return undefined;
    return new Promise((resolve) => {
      setImmediate(() => {
        since = performance.now();
        resolve();
      });
    });
  };
}
