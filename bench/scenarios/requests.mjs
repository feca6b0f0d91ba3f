// A client in a process of its own: one request after the other over one connection, a pause between them, until its input
// ends. Prints the milliseconds of each as JSON. Plain JavaScript, as the scenario starts it by its path.
import { connect } from 'node:net';

const pauseMs = 2;
const port = Number(process.argv[2]);
const request = `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`;
/** The server answers with these letters, which end the response. */
const end = 'ready';

const socket = connect({ port, host: '127.0.0.1', noDelay: true }).setEncoding('latin1');
const times = [];
let sentAt = 0;
let response = '';
let isLast = false;
let pause;

socket.on('connect', send);
socket.on('data', (text) => {
  response += text;
  if (!response.endsWith(end)) return;
  times.push(performance.now() - sentAt);
  response = '';
  if (isLast) report();
  else pause = setTimeout(send, pauseMs);
});
process.stdin.resume().on('end', () => {
  isLast = true;
  if (pause !== undefined) report();
});

function report() {
  console.log(JSON.stringify(times));
  process.exit();
}

function send() {
  pause = undefined;
  sentAt = performance.now();
  socket.write(request);
}
