// Messages to another process and back: first both sides block, then both wait in their event loops. Prints how long a round trip takes.
import { defineTasks, isMainProcess, Pipe, Process } from 'forkyard';

const rounds = 5000;

export const tasks = defineTasks(import.meta, {
  echoSync(connection) {
    for (let round = 0; round < rounds; round++) connection.sendSync(connection.recvSync());
  },
  async echo(connection) {
    for await (const ball of connection) await connection.send(ball);
  },
});

function startPlayer(target) {
  const [here, there] = Pipe();
  const player = new Process({ target, args: [there] });
  player.start();
  there.close(); // The player alone has it now: when it ends, so does the pipe.
  return { here, player };
}

function show(how, times) {
  times.sort((a, b) => a - b);
  const at = (share) => times[Math.floor(share * (times.length - 1))].toFixed(1);
  console.log(`${how}: ${times.length} round trips, half within ${at(0.5)} µs, 99 % within ${at(0.99)} µs`);
}

if (isMainProcess) {
  const blocking = startPlayer(tasks.echoSync);
  const times = [];
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    blocking.here.sendSync(round);
    if (blocking.here.recvSync() !== round) throw new Error('another ball');
    times.push((performance.now() - start) * 1000);
  }
  show('blocking', times);
  await blocking.player.join();
  console.log(`the player has ended: the pipe is at its end: ${await blocking.here.poll()}`);

  const looping = startPlayer(tasks.echo);
  const loopTimes = [];
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    await looping.here.send(round);
    if ((await looping.here.recv()) !== round) throw new Error('another ball');
    loopTimes.push((performance.now() - start) * 1000);
  }
  show('through event loops', loopTimes);
  looping.here.close();
  await looping.player.join();
  console.log(`after close() the other side goes home: exit code ${looping.player.exitCode}`);
}
