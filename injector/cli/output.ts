/** Standard output and input, as commands use them. */
import { once } from 'node:events';

/** A reader that has had enough (`| head`) is no failure: what is left is left unsaid. */
export function endQuietlyWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
}

/** Waits when the reader is slow, so that nothing piles up here. */
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

/** A line that is written over itself on a terminal, and not at all elsewhere. */
export function progress(render: () => string): { tick(): void; end(): void } {
  const shown = process.stderr.isTTY;
  let last = 0;
  const draw = (): void => void process.stderr.write(`\r\x1b[K${render()}`);
  return {
    tick() {
      const now = Date.now();
      if (!shown || now - last < 100) return;
      last = now;
      draw();
    },
    end() {
      if (shown && last > 0) process.stderr.write('\r\x1b[K');
    },
  };
}
