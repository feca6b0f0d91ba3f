// What workerpool runs in its workers.
import workerpool from 'workerpool';
import { square, touchEnds } from '../tasks.js';

workerpool.worker({ square, touchEnds });
