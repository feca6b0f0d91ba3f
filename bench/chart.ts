// The chart of all results: an SVG, a group of bars per scenario. The figures beside them are made by report.ts.
import { conditionsOf, figureOf, forkyardOf } from './report.js';
import { best, type Result, type RivalResult } from './result.js';

const width = 860;
const left = 10;
const barsFrom = 200;
const barsTo = 640;
const top = 92;
const barHeight = 11;
const barStep = 13;
const groupGap = 26;
/** Of the axis: a rival that is further from Forkyard ends here, as its figure says. */
const [least, most] = [0.001, 100];

// Each can be read on white and on GitHub's dark background, as an image does not know which it is on.
const style = [
  'text { font: 11px ui-sans-serif, system-ui, sans-serif; fill: #768390; }',
  '.title { font-size: 16px; font-weight: 600; }',
  '.scenario { font-weight: 600; }',
  '.forkyard { fill: #2f81f7; }',
  '.rival { fill: #8b949e; }',
  '.tick { stroke: #768390; stroke-opacity: 0.35; }',
  '.one { stroke: #2f81f7; stroke-dasharray: 3 3; }',
].join(' ');

/** Bars show how good a rival is, Forkyard being 1, on a logarithmic axis: longer is better in every scenario. */
export function drawChart(results: readonly Result[]): string {
  const shown = results
    .filter((result) => forkyardOf(result) !== undefined)
    .map((result) => ({ result, bars: barsOf(result) }))
    .filter(({ bars }) => bars.length > 1);
  const body: string[] = [];
  let y = top;
  for (const { result, bars } of shown) {
    body.push(...drawGroup(result, bars, y));
    y += bars.length * barStep + groupGap;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y}" viewBox="0 0 ${width} ${y}" role="img">`,
    `<title>Forkyard beside others</title>`,
    `<style>${style}</style>`,
    `<text class="title" x="${left}" y="20">Forkyard beside others</text>`,
    `<text x="${left}" y="38">${escaped(conditionsOf(results))}</text>`,
    `<text x="${left}" y="54">Performance, Forkyard being 1: longer is better in every scenario.</text>`,
    ...drawAxis(y - groupGap),
    ...body,
    '</svg>',
    '',
  ].join('\n');
}

/** Forkyard, the best other pool, the best of what is written by hand without a pool, and Python. */
function barsOf(result: Result): RivalResult[] {
  const python = result.rivals.find(({ name }) => name === 'python');
  const chosen = [
    forkyardOf(result),
    best(result, ({ isPool }) => isPool),
    best(result, ({ isPool }) => !isPool),
    python,
  ];
  return [...new Set(chosen.filter((rival) => rival !== undefined))];
}

function drawAxis(bottom: number): string[] {
  const decades = Array.from({ length: Math.round(Math.log10(most / least)) + 1 }, (_, i) => least * 10 ** i);
  return decades.flatMap((value) => {
    const x = xOf(value);
    const isOne = Math.abs(value - 1) < 1e-9;
    return [
      `<text x="${x}" y="${top - 20}" text-anchor="middle">${Number(value.toPrecision(1))} x</text>`,
      `<line class="${isOne ? 'one' : 'tick'}" x1="${x}" x2="${x}" y1="${top - 14}" y2="${bottom}"/>`,
    ];
  });
}

function drawGroup(result: Result, bars: readonly RivalResult[], y: number): string[] {
  return [
    `<text class="scenario" x="${left}" y="${y}">${escaped(result.title)}</text>`,
    ...bars.flatMap((rival, i) => {
      const barY = y + 6 + i * barStep;
      const textY = barY + barHeight - 2;
      const barWidth = round(xOf(1 / rival.behindForkyard) - barsFrom);
      return [
        `<text x="${barsFrom - 6}" y="${textY}" text-anchor="end">${escaped(rival.name)}</text>`,
        `<rect class="${rival.name === 'forkyard' ? 'forkyard' : 'rival'}" x="${barsFrom}" y="${barY}" ` +
          `width="${barWidth}" height="${barHeight}"/>`,
        `<text x="${barsTo + 8}" y="${textY}">${escaped(figureOf(result, rival))}</text>`,
      ];
    }),
  ];
}

/** Of a share of Forkyard's performance; what is off the axis, or no number, ends at its edge. */
function xOf(share: number): number {
  const within = Number.isFinite(share) ? Math.min(most, Math.max(least, share)) : least;
  return round(barsFrom + ((barsTo - barsFrom) * Math.log10(within / least)) / Math.log10(most / least));
}

function round(x: number): number {
  return Math.round(x * 10) / 10;
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
