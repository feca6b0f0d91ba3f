// Descriptors passed over a Unix socket, with CPython's socket.send_fds and recv_fds on the other side.
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadAddon } from '../../lib/native/load.js';
import { openFiles } from '../helpers/system-state.js';
import { until } from '../helpers/until.js';
import { hasPython, startPython } from './python.js';

const addon = loadAddon();
let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'forkyard-fds-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** A server whose connections Node does not read from, so that the addon can. */
async function listen(path: string): Promise<{ server: Server; connection: Promise<Socket> }> {
  const server = createServer({ pauseOnConnect: true });
  const connection = new Promise<Socket>((resolve) => server.once('connection', resolve));
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return { server, connection };
}

function fdOf(socket: Socket): number {
  return (socket as unknown as { _handle: { fd: number } })._handle.fd;
}

/** The sockets of Node do not block. */
function receive(fd: number): Promise<{ data: Uint8Array; fds: number[] }> {
  return until(() => {
    try {
      return addon.receiveFds(fd, 1000);
    } catch (error) {
      if ((error as { code?: string }).code === 'EAGAIN') return false;
      throw error;
    }
  });
}

describe.skipIf(!hasPython)('with CPython as the peer (needs python3)', () => {
  test('several descriptors in both directions', async () => {
    const path = join(directory, 'socket');
    const [given, asked] = [join(directory, 'given'), join(directory, 'asked')];
    writeFileSync(given, 'from python');
    writeFileSync(asked, 'from node');
    const { server, connection } = await listen(path);
    const program = `
import os, socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
fd = os.open(sys.argv[2], os.O_RDONLY)
socket.send_fds(s, [b'two'], [fd, fd])
data, fds, flags, _ = socket.recv_fds(s, 1000, 10)
print(data, os.read(fds[0], 100), len(fds))`;
    const python = startPython(program, path, given);
    const socket = await connection;

    const received = await receive(fdOf(socket));
    expect(Buffer.from(received.data).toString()).toBe('two');
    expect(received.fds.length).toBe(2);
    const buffer = Buffer.alloc(100);
    expect(buffer.toString('utf8', 0, readSync(received.fds[1], buffer))).toBe('from python');
    for (const fd of received.fds) {
      expect(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')).toMatch(/flags:\s+0?2\d{6}/);
      closeSync(fd);
    }

    const file = openSync(asked, 'r');
    addon.sendFds(fdOf(socket), [file, file, file], Buffer.from('three'));
    closeSync(file);
    expect(await python.ended).toBe("b'three' b'from node' 3\n");
    expect((await receive(fdOf(socket))).data.length).toBe(0);
    socket.destroy();
    server.close();
  });
});

test('what is no descriptor or no socket is an error with a code, and nothing stays open', () => {
  const before = openFiles().length;
  const file = openSync('/dev/null', 'r');
  expect(() => addon.sendFds(file, [], Buffer.from('x'))).toThrow(
    expect.objectContaining({ code: 'ENOTSOCK' }),
  );
  expect(() => addon.receiveFds(file, 10)).toThrow(
    expect.objectContaining({ code: 'ENOTSOCK', syscall: 'recvmsg' }),
  );
  closeSync(file);
  expect(() => addon.sendFds(file, [], Buffer.alloc(0))).toThrow(expect.objectContaining({ code: 'EINVAL' }));
  expect(() => addon.sendFds(-1, [], Buffer.from('x'))).toThrow(RangeError);
  expect(() => addon.sendFds(0, ['1' as never], Buffer.from('x'))).toThrow(TypeError);
  expect(() => addon.sendFds(0, [], 'x' as never)).toThrow(TypeError);
  expect(() => addon.receiveFds(0, 0)).toThrow(RangeError);
  expect(openFiles().length).toBe(before);
});
