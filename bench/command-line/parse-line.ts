// The work that every rival does for a line of an access log: cheap, as most work on lines is.
// Making such lines is input.ts.

export interface Request {
  readonly ip: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly bytes: number;
}

const pattern = /^(\S+) \S+ \S+ \[[^\]]+\] "(\S+) (\S+) [^"]*" (\d+) (\d+)$/;

export function parseLine(line: string): Request {
  const match = pattern.exec(line);
  if (match === null) throw new Error(`no line of an access log: ${line}`);
  const [, ip, method, path, status, bytes] = match as unknown as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  return { ip, method, path, status: Number(status), bytes: Number(bytes) };
}
