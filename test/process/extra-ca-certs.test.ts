// NODE_EXTRA_CA_CERTS, which fork servers of Node before 22 are started without: their children trust whom they would as
// programs.
import { expect, test } from 'vitest';
import { runScript } from '../helpers/run-script.js';

const folder = new URL('../fixtures/tls/', import.meta.url);
const untrusted = 'DEPTH_ZERO_SELF_SIGNED_CERT';
const readsAtStart = Number.parseInt(process.versions.node, 10) < 22;

async function judge(certificates: string | undefined): Promise<{ found: unknown; stderr: string }> {
  const { stdout, stderr, exitCode } = await runScript(new URL('program.mjs', folder), {
    cwd: folder.pathname,
    env: { NODE_EXTRA_CA_CERTS: certificates },
  });
  expect(exitCode, stderr).toBe(0);
  return { found: JSON.parse(stdout), stderr };
}

const trusting = {
  child: 'trusted',
  elsewhere: 'trusted',
  thread: 'trusted',
  preloaded: 'trusted',
  withoutVariable: untrusted,
  hasSameOrder: true,
  serverHadVariable: !readsAtStart,
};

test('children trust whom it names, also in threads and in another directory', async () => {
  const certificates = new URL('certificate.pem', folder).pathname;
  const { found, stderr } = await judge(certificates);
  expect(found).toEqual({ ...trusting, variable: certificates });
  expect(stderr).toBe('');
});

test('a relative path is meant from where the server was started', async () => {
  const { found } = await judge('certificate.pem');
  // Later versions look for it where they are at the first connection.
  const elsewhere = readsAtStart ? 'trusted' : untrusted;
  expect(found).toEqual({ ...trusting, elsewhere, variable: 'certificate.pem' });
});

test('without it they trust nobody else', async () => {
  const { found } = await judge(undefined);
  expect(found).toEqual({
    child: untrusted,
    elsewhere: untrusted,
    thread: untrusted,
    preloaded: untrusted,
    withoutVariable: untrusted,
    variable: null,
    hasSameOrder: true,
    serverHadVariable: false,
  });
});

test('a file that is not there is warned of by Node, and no child ends by it', async () => {
  const { found, stderr } = await judge('/nowhere.pem');
  expect(found).toMatchObject({ child: untrusted, thread: untrusted, preloaded: untrusted });
  expect(stderr).toMatch(/Ignoring extra certs from `\/nowhere.pem`/);
});
