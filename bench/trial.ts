// One trial in a process of its own: `trial.js SCENARIO RIVAL SETTINGS`; the sample is printed as JSON. Started by run.ts.
import { rivals } from './rivals/index.js';
import type { Settings } from './scenario.js';
import { scenarios } from './scenarios/index.js';

const [scenarioName, rivalName, settingsJson] = process.argv.slice(2);
const scenario = scenarios.find(({ name }) => name === scenarioName);
const rival = rivals.find(({ name }) => name === rivalName);
if (scenario === undefined || rival === undefined || settingsJson === undefined) {
  throw new Error('usage: trial.js SCENARIO RIVAL SETTINGS');
}
const sample = await rival.measure(scenario, JSON.parse(settingsJson) as Settings);
console.log(JSON.stringify(sample));
