// How far it is, on standard error: a bar on a terminal, a plain line now and then elsewhere. The figures are report.ts's.
import type { Report } from './report.js';

export interface Progress {
  stop(): void;
}

const barIntervalMs = 100;
const lineIntervalMs = 2000;

/** `totalBytes`: of all inputs, if known. */
export async function showProgress(report: Report, totalBytes: number | undefined): Promise<Progress> {
  return process.stderr.isTTY ? await drawBar(report, totalBytes) : printLines(report, totalBytes);
}

async function drawBar(report: Report, totalBytes: number | undefined): Promise<Progress> {
  const { Presets, SingleBar } = await import('cli-progress');
  const bar = totalBytes === undefined ? '' : '{bar} {percentage} % | ';
  const format = `${bar}{figures}`;
  // Signals are interrupts.ts's, and that is also who ends this.
  const settings = { format, stream: process.stderr, gracefulExit: false, hideCursor: null };
  const single = new SingleBar(settings, Presets.shades_classic);
  const began = performance.now();
  const update = (): void => single.update(report.bytes, { figures: figures(report, began) });
  single.start(totalBytes ?? 1, 0, { figures: '' });
  const timer = setInterval(update, barIntervalMs);
  report.beforeText = () => process.stderr.write('\r\u001b[K');
  return {
    stop: () => {
      clearInterval(timer);
      report.beforeText = () => {};
      update();
      single.stop();
    },
  };
}

function printLines(report: Report, totalBytes: number | undefined): Progress {
  const began = performance.now();
  const print = (): void => {
    const share = totalBytes ? `${Math.floor((100 * report.bytes) / totalBytes)} % | ` : '';
    void report.say(`${share}${figures(report, began)}`);
  };
  const timer = setInterval(print, lineIntervalMs);
  return {
    stop: () => {
      clearInterval(timer);
      print();
    },
  };
}

function figures({ lines, bytes, failedLines }: Report, began: number): string {
  const perSecond = Math.round(lines / Math.max(0.001, (performance.now() - began) / 1000));
  return `${(bytes / 1e6).toFixed(1)} MB read | ${lines} lines | ${perSecond} lines/s | ${failedLines} failed`;
}
