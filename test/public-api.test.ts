// The public face: which names each module of package.json's `exports` has, and that the package as it would be published
// installs and loads. What the names do is tested where they are made.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import ts from 'typescript';
import { afterAll, expect, test } from 'vitest';
import { nativeSources } from '../scripts/native-sources.mjs';
import { root } from './helpers/source-tree.js';

/** A name more or less is a change of the public face and belongs into CHANGELOG.md. */
const publicNames: Readonly<Record<string, { values: string[]; types: string[] }>> = {
  forkyard: {
    values: [
      'Array',
      'AuthenticationError',
      'Barrier',
      'BoundedSemaphore',
      'BrokenBarrierError',
      'BrokenPoolError',
      'BufferTooShort',
      'Condition',
      'EndOfFileError',
      'Event',
      'ForkyardError',
      'JoinableQueue',
      'Lock',
      'NamedSemaphore',
      'OwnerDiedError',
      'Pipe',
      'Pool',
      'Process',
      'ProcessError',
      'Queue',
      'QueueClosed',
      'QueueEmpty',
      'QueueFull',
      'RLock',
      'RawArray',
      'RawValue',
      'RemoteError',
      'ResourceError',
      'Semaphore',
      'SerializationError',
      'ShareableList',
      'SharedArray',
      'SharedMemory',
      'SimpleQueue',
      'TaskResolutionError',
      'TaskTimeoutError',
      'TimeoutError',
      'Value',
      'WorkerLostError',
      'activeChildren',
      'afterFork',
      'copy',
      'cpuCount',
      'currentProcess',
      'defineTasks',
      'fromThread',
      'getAllStartMethods',
      'getContext',
      'getStartMethod',
      'isForkyardError',
      'isMainProcess',
      'memoryUse',
      'parentProcess',
      'prewarm',
      'registerClass',
      'registerErrorClass',
      'semaphoreValueMax',
      'setForkserverPreload',
      'setMemoryLimit',
      'setStartMethod',
      'struct',
      'synchronized',
      'task',
      'toThread',
    ],
    types: [
      'BarrierOptions',
      'CallOptions',
      'Context',
      'ContextOptions',
      'ErrorDetails',
      'ExitStatus',
      'FieldType',
      'Guard',
      'ImapOptions',
      'LockOptions',
      'Lockable',
      'MapOptions',
      'NamedSemaphoreOptions',
      'PipeOptions',
      'PoolOptions',
      'PoolStatistics',
      'PrewarmOptions',
      'ProcessErrorDetails',
      'ProcessOptions',
      'SemaphoreOptions',
      'ShareableListOptions',
      'ShareableValue',
      'SharedClasses',
      'SharedLock',
      'SharedMemoryOptions',
      'StartMethodName',
      'StructArray',
      'StructFields',
      'StructInput',
      'StructOf',
      'Task',
      'TaskDetails',
      'TaskModule',
      'TaskTarget',
      'ThreadMessage',
      'TypeCode',
      'TypeName',
      'ValueType',
      'WaitOptions',
      'WorkerStatistics',
    ],
  },
  'forkyard/connection': {
    values: ['Client', 'Connection', 'Listener', 'answerChallenge', 'deliverChallenge', 'wait'],
    types: [
      'Address',
      'AddressFamily',
      'AnswerChallengeOptions',
      'Bytes',
      'ClientOptions',
      'DeliverChallengeOptions',
      'DigestName',
      'ListenerOptions',
      'PollOptions',
      'Readiness',
      'RecvBytesIntoOptions',
      'RecvBytesOptions',
      'SendBytesOptions',
      'SocketOptions',
      'WaitOptions',
      'Waitable',
    ],
  },
  'forkyard/sharedctypes': {
    values: ['Array', 'RawArray', 'RawValue', 'SharedArray', 'Value', 'copy', 'struct', 'synchronized'],
    types: [
      'FieldType',
      'LockOptions',
      'Lockable',
      'SharedLock',
      'StructArray',
      'StructFields',
      'StructInput',
      'StructOf',
      'TypeCode',
      'TypeName',
      'ValueType',
    ],
  },
  'forkyard/shared-memory': {
    values: ['ShareableList', 'SharedMemory'],
    types: ['ShareableListOptions', 'ShareableValue', 'SharedMemoryOptions'],
  },
  'forkyard/system': {
    values: [
      'cpuCount',
      'getAffinity',
      'getIoPriority',
      'getPriority',
      'getScheduler',
      'resolveCpus',
      'setAffinity',
      'setIoPriority',
      'setPriority',
      'setScheduler',
      'topology',
      'usableCpus',
    ],
    types: [
      'Cpu',
      'CpuCache',
      'CpuSpec',
      'IoPriority',
      'IoPriorityClass',
      'IoPrioritySpec',
      'ResolveCpusOptions',
      'Scheduler',
      'SchedulerPolicy',
      'SchedulerSpec',
      'TargetOptions',
      'Topology',
      'TopologyOptions',
    ],
  },
};

const run = promisify(execFile);
const packageJson = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const workspace = mkdtempSync(join(tmpdir(), 'forkyard-pack-'));
afterAll(() => rmSync(workspace, { recursive: true }));

test('the list above names every module that package.json exports', () => {
  const modules = Object.keys(packageJson.exports)
    .filter((path) => path !== './package.json')
    .map((path) => path.replace(/^\./, 'forkyard'));
  expect(Object.keys(publicNames)).toEqual(modules);
});

test.each(Object.keys(publicNames))('%s exports exactly its public names', async (module) => {
  const { values, types } = publicNames[module];
  const found = Object.keys(await import(module)).sort();
  expect(found).toEqual([...values].sort());
  expect(typeNamesOf(module)).toEqual([...types].sort());
});

test('the packed package holds what it needs, installs nothing else, and loads by import and by require', async () => {
  const files = await packInto(workspace);
  const parts = ['lib/', 'native/', 'prebuilds/'];
  const single = files.filter((file) => !parts.some((part) => file.startsWith(part)));
  expect(single.sort()).toEqual([
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
    'binding.gyp',
    'package.json',
    'scripts/install.mjs',
    'scripts/native-sources.mjs',
  ]);
  expect(files).toEqual(expect.arrayContaining([...nativeSources(), 'native/addon.cc']));
  expect(files.filter((file) => /\.(tsbuildinfo|o|gitkeep)$/.test(file))).toEqual([]);

  for (const [module, { values }] of Object.entries(publicNames)) {
    const names = [...values].sort();
    const imported = await evaluate(
      `console.log(JSON.stringify(Object.keys(await import('${module}')).sort()))`,
      'module',
    );
    expect(JSON.parse(imported)).toEqual(names);
    const required = await evaluate(
      `console.log(JSON.stringify(Object.keys(require('${module}')).sort()))`,
      'commonjs',
    );
    expect(JSON.parse(required).filter((name: string) => name !== '__esModule')).toEqual(names);
  }
});

/** Names of interfaces and type aliases (a class is among the values). */
function typeNamesOf(module: string): string[] {
  const target = module.replace('forkyard', '.');
  const declarations = join(root, packageJson.exports[target].types);
  const program = ts.createProgram([declarations], {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    types: ['node'],
  });
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(declarations);
  const symbol = source && checker.getSymbolAtLocation(source);
  if (symbol === undefined) throw new Error(`${declarations} is not a module`);
  return checker
    .getExportsOfModule(symbol)
    .filter((name) => {
      const meant = name.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(name) : name;
      return !(meant.flags & ts.SymbolFlags.Value);
    })
    .map((name) => name.name)
    .sort();
}

/** Lays the package out in `folder` as an installation would, without running scripts; returns its files. */
async function packInto(folder: string): Promise<string[]> {
  const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], {
    cwd: root,
  });
  const [packed] = JSON.parse(stdout) as { filename: string; files: { path: string }[] }[];
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, 'forkyard'), { recursive: true });
  await run('tar', [
    '-xzf',
    join(folder, packed.filename),
    '--strip-components=1',
    '-C',
    join(modules, 'forkyard'),
  ]);
  for (const name of Object.keys(packageJson.dependencies))
    symlinkSync(join(root, 'node_modules', name), join(modules, name));
  return packed.files.map((file) => file.path);
}

async function evaluate(code: string, type: 'module' | 'commonjs'): Promise<string> {
  const file = join(workspace, type === 'module' ? 'probe.mjs' : 'probe.cjs');
  writeFileSync(file, code);
  const { stdout, stderr } = await run(process.execPath, [file], { cwd: workspace });
  expect(stderr).toBe('');
  return stdout;
}
