// What multiprocess-pool requires in its workers: a module that is the function. Which one, the environment says.
const tasks = require('../tasks.js');

module.exports = tasks[process.env.FORKYARD_BENCH_TASK];
