// In a worker: from what a line threw to what is shown of it. Where it is shown is report.ts.
import { describeReceived } from '../../errors.js';
import type { LineFailure } from './batch-result.js';

// Enough to recognise it; a message may contain the whole input.
const maxTextLength = 1000;
const maxFrames = 10;
const ownFolder = new URL('.', import.meta.url).href;

export function describeFailure(line: number, error: unknown): LineFailure {
  try {
    return { line, text: describe(error).slice(0, maxTextLength), frames: userFrames(error) };
  } catch {
    // A Proxy or a getter that throws from any question that it is asked.
    return { line, text: `threw ${describeReceived(error)}`, frames: [] };
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return `threw ${describeReceived(error)}`;
  const own = error.message === '' ? error.name : `${error.name}: ${error.message}`;
  return error.cause instanceof Error ? `${own} (cause: ${error.cause.name}: ${error.cause.message})` : own;
}

function userFrames(error: unknown): string[] {
  if (!(error instanceof Error) || typeof error.stack !== 'string') return [];
  const frames = error.stack.split('\n').filter((line) => /^ {4}at /.test(line));
  const ours = frames.findIndex((frame) => frame.includes(ownFolder));
  return (ours === -1 ? frames : frames.slice(0, ours)).slice(0, maxFrames).map((frame) => frame.trim());
}
