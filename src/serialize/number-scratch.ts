// Aligned memory through which blocks of numbers pass on their way between an array and a message.
// Kept between calls up to a size; both sides of the codec use it, never at the same time.

const kKeptLength = 65536;

export class NumberScratch {
  readonly #integers: Int32Array;
  readonly #floats: Float64Array;
  readonly #bytes: Uint8Array;

  /** One that holds at least so many numbers. Valid until the next call. */
  static ofLength(length: number): NumberScratch {
    if (length <= kept.length) return kept;
    const larger = new NumberScratch(Math.max(length, 2 * kept.length));
    if (length <= kKeptLength) kept = larger;
    return larger;
  }

  constructor(readonly length: number) {
    const buffer = new ArrayBuffer(length * 8);
    this.#integers = new Int32Array(buffer);
    this.#floats = new Float64Array(buffer);
    this.#bytes = new Uint8Array(buffer);
  }

  bytes(size: number): Uint8Array {
    return this.#bytes.subarray(0, size);
  }

  /** Takes array[0..] up to the first that is no int32 (-0 is none); returns how many it took. */
  takeIntegers(array: readonly unknown[], length: number): number {
    const integers = this.#integers;
    for (let i = 0; i < length; i++) {
      const value = array[i];
      if (typeof value !== 'number') return i;
      const integer = value | 0;
      if (integer !== value || (integer === 0 && 1 / value < 0)) return i;
      integers[i] = integer;
    }
    return length;
  }

  /** Goes on after `takeIntegers` took the first `taken`, now with any number; returns how many there are. */
  takeFloats(array: readonly unknown[], length: number, taken: number): number {
    const floats = this.#floats;
    // From the last to the first: the two views share their memory.
    for (let i = taken - 1; i >= 0; i--) floats[i] = this.#integers[i];
    for (let i = taken; i < length; i++) {
      const value = array[i];
      if (typeof value !== 'number') return i;
      floats[i] = value;
    }
    return length;
  }

  /** Reads the bytes as int32 into a plain array. */
  integersInto(source: Uint8Array, length: number, target: unknown[]): void {
    this.#bytes.set(source);
    const integers = this.#integers;
    for (let i = 0; i < length; i++) target[i] = integers[i];
  }

  /** Reads the bytes as float64 into a plain array. */
  floatsInto(source: Uint8Array, length: number, target: unknown[]): void {
    this.#bytes.set(source);
    const floats = this.#floats;
    for (let i = 0; i < length; i++) target[i] = floats[i];
  }
}

let kept = new NumberScratch(256);
