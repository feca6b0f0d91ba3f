// All rivals, in the order of the tables.
import { childProcess } from './child-process.js';
import { forkyard } from './forkyard.js';
import { piscina } from './piscina.js';
import { python } from './python.js';
import type { Rival } from './rival.js';
import { tinypool } from './tinypool.js';
import { workerpool } from './workerpool.js';

export const rivals: readonly Rival[] = [forkyard, piscina, tinypool, workerpool, childProcess, python];
