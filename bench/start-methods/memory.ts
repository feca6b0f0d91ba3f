// The memory that a process has to itself, as the kernel counts it.
import { readFileSync } from 'node:fs';

/** MB of 10^6 bytes, which no other process shares. 0 if it is gone. */
export function privateMb(pid: number | 'self'): number {
  try {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    const kB = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0);
    return ((kB('Private_Clean') + kB('Private_Dirty')) * 1024) / 1e6;
  } catch {
    return 0;
  }
}

export function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
