// One array that all processes see: workers fill strips of a picture, nothing is copied, nothing sent back.
import { defineTasks, isMainProcess, Pool, SharedArray } from 'forkyard';

const width = 400;
const height = 300;
const strips = 10;

const tasks = defineTasks(import.meta, {
  /** Draws its rows of the Mandelbrot set, and counts the points inside. */
  draw: (pixels, inside, strip) => {
    const rows = height / strips;
    for (let y = strip * rows; y < (strip + 1) * rows; y++) {
      for (let x = 0; x < width; x++) {
        const steps = escapeSteps((x / width) * 3 - 2, (y / height) * 2 - 1);
        pixels[y * width + x] = steps;
        if (steps === 255) Atomics.add(inside, 0, 1);
      }
    }
  },
});

function escapeSteps(re, im) {
  let [x, y, steps] = [0, 0, 0];
  for (; steps < 255 && x * x + y * y < 4; steps++) [x, y] = [x * x - y * y + re, 2 * x * y + im];
  return steps;
}

if (isMainProcess) {
  const pixels = new SharedArray('uint8', width * height);
  const inside = new SharedArray('int32', 1);
  const pool = new Pool(2);
  await pool.starmap(
    tasks.draw,
    Array.from({ length: strips }, (_, strip) => [pixels, inside, strip]),
  );

  console.log(pixels instanceof Uint8Array, pixels.length);
  console.log(`points inside: ${inside[0]}, counted here: ${pixels.filter((steps) => steps === 255).length}`);
  const shades = ' .:-=+*#%@';
  const row = pixels.subarray(150 * width, 151 * width).filter((_, x) => x % 8 === 0);
  console.log(Array.from(row, (steps) => shades[Math.min(9, steps >> 3)]).join(''));

  pool.terminate();
  await pool.join();
}
