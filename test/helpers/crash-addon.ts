// Where the addon with crash points is, for tests that kill a process at a numbered point of the native code.
// The points themselves: native/shared/crash_point.h.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** To be added to a script's environment. Throws when that addon is not built (`npm test` builds it). */
export function crashAddonEnv(): { FORKYARD_ADDON: string } {
  const path = fileURLToPath(new URL('../../build/Debug/forkyard.node', import.meta.url));
  if (!existsSync(path))
    throw new Error('the addon with crash points is not built: run `npm run build:crash` first');
  return { FORKYARD_ADDON: path };
}
