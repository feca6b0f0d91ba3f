// A family that is not there: a membership whose shared memory is this process's own. For a fork server, which runs what
// its children will run before there are any, so that they find everything compiled.
import type { Addon } from '../native/contract.js';
import { loadAddon } from '../native/load.js';
import { Bell } from './bell.js';
import type { Membership } from './membership.js';

const tableBytes = 64 * 1024;

/** Two members of one family, enough for a channel between them without slabs. */
export function pretendFamily(): [Membership, Membership] {
  const rings: ArrayBuffer[] = [];
  const slots = new ArrayBuffer(tableBytes);
  const spinners = new ArrayBuffer(tableBytes);
  const nothing = (): void => {};
  const { constants } = loadAddon();
  const addon: Partial<Addon> = {
    constants,
    slotTable: () => slots,
    spinnerTable: () => spinners,
    createRing: (bytes) => rings.push(new ArrayBuffer(constants.ringData * 4 + bytes)) - 1,
    ringBuffer: (block) => rings[block] as ArrayBuffer,
    blockOf: (cell) => cell,
    acquire: (block) => block,
    generationOf: () => 0,
    release: nothing,
    closeRing: nothing,
    ring: nothing,
    keepLoopAlive: nothing,
    yieldProcessor: nothing,
    crashPoint: nothing,
    join: nothing,
    leadGroup: nothing,
    heedOnly: nothing,
    open: (_, index = 0) => ({ index, generation: 0 }),
  };
  const member = (index: number): Membership => ({
    addon: addon as Addon,
    slot: { index, generation: 0 },
    bell: new Bell(addon as Addon, index),
  });
  return [member(0), member(1)];
}
