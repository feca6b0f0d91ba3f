// Where the files of this package are. The only module, beside the scripts of entry/ and cli/, that looks at its own URL: the
// build puts most of src/ into one file, which lies here as well.

/** The URL of lib/, with a slash at the end. */
export const libFolder: string = new URL('.', import.meta.url).href;

/** Of a module of ours, by its path in lib/. */
export function moduleUrl(path: string): URL {
  return new URL(path, libFolder);
}
