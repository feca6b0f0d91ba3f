// How far a run is: a bar on a terminal, one plain line at the end elsewhere.
import { Presets, SingleBar } from 'cli-progress';

export interface Progress {
  add(bytes: number): void;
  stop(): void;
}

/** `label` says which run it is; `files` and `bytes` are its whole. */
export function showProgress(label: string, files: number, bytes: number): Progress {
  if (!process.stderr.isTTY) return plainProgress(label, files);
  const megabytes = (bytes / 1e6).toFixed(1);
  const format = `${label.padEnd(9)} {bar} {percentage} % | {files}/${files} files of ${megabytes} MB | {duration} s`;
  const bar = new SingleBar({ format, stream: process.stderr, etaBuffer: 100 }, Presets.shades_classic);
  let done = 0;
  bar.start(bytes, 0, { files: 0 });
  return {
    add: (more) => bar.increment(more, { files: ++done }),
    stop: () => bar.stop(),
  };
}

function plainProgress(label: string, files: number): Progress {
  let done = 0;
  return {
    add: () => {
      done++;
    },
    stop: () => console.log(`${label}: ${done} of ${files} files done`),
  };
}
