// `npm run prebuild`: prebuilds of the addon for this platform, by prebuildify.
// npm also runs a script of this name before `npm run build`, as that script's "pre" hook. Nobody who builds wants a
// second compile, so as a hook it does nothing; which of the two it is, the npm above it tells by its command line.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

if (!isHook()) {
  const { status } = spawnSync('prebuildify', ['--napi', '--strip', '--tag-libc', ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  process.exit(status ?? 1);
}

function isHook() {
  for (let pid = process.ppid; pid > 1; pid = parentOf(pid)) {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    if (/\bnpm\b/.test(command)) return !/\bprebuild\b/.test(command);
  }
  return false;
}

/** @param {number} pid */
function parentOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}
