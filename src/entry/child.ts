// The first script of every process that Forkyard starts: takes its place in the family, then runs what it is told.
import { runChild } from '../process/child.js';
import '../reducers.js';

void runChild();
