// `forkyard map` runs an exported function over lines, on all cores: here this file is both, the module with the function
// and a program that runs the command as a shell would.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { isMainProcess } from 'forkyard';

/** One line of an access log; what it returns is written as JSON. */
export function parse(line) {
  const [, path, status] = /"GET (\S+) [^"]*" (\d+)/.exec(line);
  return { path, status: Number(status) };
}

const log = `10.0.0.1 - - [10/Oct/2024:13:55:36 +0000] "GET / HTTP/1.1" 200 2326
10.0.0.2 - - [10/Oct/2024:13:55:37 +0000] "GET /missing HTTP/1.1" 404 209
this is no line of a log
10.0.0.1 - - [10/Oct/2024:13:55:39 +0000] "GET /about HTTP/1.1" 200 714
`;

// Workers import this file too: only the program itself goes on from here.
if (isMainProcess) {
  // Installed, the command is `npx forkyard`.
  const command = fileURLToPath(new URL('../lib/cli/main.js', import.meta.url));
  const args = ['map', '--keep-going', '--workers', '2', `${import.meta.url}#parse`];
  const { stdout, stderr, status } = spawnSync(command, args, { input: log, encoding: 'utf8' });
  process.stdout.write(stdout);
  console.log(stderr.split('\n')[0]);
  console.log(`exit status: ${status}`);
}
