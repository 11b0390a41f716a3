/** Standard output and input of the commands. */
import { once } from 'node:events';

/** A reader that closes the pipe early (`| head`) is not a failure: the command ends with status 0. */
export function endQuietlyWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
}

/** Waits while the reader is slow, so that this process does not buffer without limit. */
export async function print(data: string | Uint8Array): Promise<void> {
  if (!process.stdout.write(data)) await once(process.stdout, 'drain');
}

export const printLine = (line: string): Promise<void> => print(`${line}\n`);

export const printJson = (value: unknown): Promise<void> => printLine(JSON.stringify(value, undefined, 2));

/** Columns as wide as their widest cell; those of `right` are aligned to the right. */
export function table(rows: readonly (readonly string[])[], right: readonly number[] = []): string {
  const widths: number[] = [];
  for (const row of rows)
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) =>
        right.includes(i) ? cell.padStart(widths[i]!) : i === row.length - 1 ? cell : cell.padEnd(widths[i]!),
      )
      .join('  ')
      .trimEnd();
  return rows.map((row) => `${line(row)}\n`).join('');
}

export const readStandardInput = (): AsyncIterable<Uint8Array> => process.stdin;

/** A progress line on standard error that overwrites itself. Writes nothing unless standard error is a terminal. */
export function progress(render: () => string): { tick(): void; end(): void } {
  const visible = process.stderr.isTTY;
  let last = 0;
  const draw = (): void => void process.stderr.write(`\r\x1b[K${render()}`);
  return {
    tick() {
      const now = Date.now();
      if (!visible || now - last < 100) return;
      last = now;
      draw();
    },
    end() {
      if (visible && last > 0) process.stderr.write('\r\x1b[K');
    },
  };
}
