// The two kinds of named things, as `forkyard shm` and `forkyard sem` know them: which files in /dev/shm they are, and what
// is worth telling of one. What they have in common is in the files around this one.
import { loadAddon } from '../../native/load.js';

export interface Kind {
  readonly command: string;
  /** `shared memory`, for messages. */
  readonly noun: string;
  readonly plural: string;
  /** The name that a program opens it by; undefined: the file is of another kind. */
  nameOf(file: string): string | undefined;
  /** The column that only this kind has, beside its heading. */
  readonly measure: { readonly heading: string; read(name: string, sizeBytes: number): number | null };
  readonly formatMeasure: (value: number | null) => string;
  remove(name: string): void;
}

// glibc's; where a C library has none, semaphores are seen as shared memory of 32 bytes.
const semaphorePrefix = 'sem.';
const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

export const sharedMemory: Kind = {
  command: 'shm',
  noun: 'shared memory',
  plural: 'shared memory',
  nameOf: (file) => (file.startsWith(semaphorePrefix) ? undefined : file),
  measure: { heading: 'size', read: (_name, sizeBytes) => sizeBytes },
  formatMeasure: (bytes) => formatBytes(bytes ?? 0),
  remove: (name) => loadAddon().shmUnlink(`/${name}`),
};

export const semaphores: Kind = {
  command: 'sem',
  noun: 'semaphore',
  plural: 'named semaphores',
  nameOf: (file) => (file.startsWith(semaphorePrefix) ? file.slice(semaphorePrefix.length) : undefined),
  measure: { heading: 'value', read: (name) => permitsOf(name) },
  formatMeasure: (value) => (value === null ? '?' : String(value)),
  remove: (name) => loadAddon().semUnlink(`/${name}`),
};

/** Null for one that belongs to another user, or that is none. */
function permitsOf(name: string): number | null {
  const addon = loadAddon();
  try {
    const handle = addon.semOpen(`/${name}`);
    try {
      return addon.semValue(handle);
    } finally {
      addon.semClose(handle);
    }
  } catch {
    return null;
  }
}

function formatBytes(bytes: number): string {
  const unit = bytes < 1024 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** unit;
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}
