// What poolifier runs in its processes. CommonJS, as it loads at once: poolifier's first message is sent when the process
// starts, and is lost on a module that is still being loaded.
const { ClusterWorker } = require('poolifier');
const tasks = require('../tasks.js');

module.exports = new ClusterWorker({ ...tasks });
