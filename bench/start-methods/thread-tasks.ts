// A task for threads that lasts until the others have begun theirs, so that each thread has one.
export default async function rest(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 100));
}
