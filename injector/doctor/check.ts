/** The checks of `shimfs doctor`, and their output. */

export interface Check {
  readonly name: string;
  /** `warn`: files and programs work, but something else is restricted. */
  readonly status: 'ok' | 'warn' | 'fail';
  readonly detail: string;
  readonly remedy?: string;
}

export type CheckRun = () => Promise<Check | readonly Check[]>;

export const ok = (name: string, detail: string): Check => ({ name, status: 'ok', detail });
export const warn = (name: string, detail: string, remedy?: string): Check => ({
  name,
  status: 'warn',
  detail,
  remedy,
});
export const fail = (name: string, detail: string, remedy?: string): Check => ({
  name,
  status: 'fail',
  detail,
  remedy,
});

export interface RenderOptions {
  readonly json?: boolean;
}

/** @returns a table with a line for each check and its remedy below, or a JSON document; without a final newline */
export function renderChecks(checks: readonly Check[], { json = false }: RenderOptions = {}): string {
  const count = (status: Check['status']) => checks.filter((check) => check.status === status).length;
  if (json) return JSON.stringify({ ok: count('fail') === 0, checks }, undefined, 2);
  const width = Math.max(0, ...checks.map(({ name }) => name.length));
  const rows = checks.flatMap(({ name, status, detail, remedy }) => [
    `${status.padEnd(4)}  ${name.padEnd(width)}  ${detail}`,
    ...(remedy ? [`${' '.repeat(6 + width)}  → ${remedy}`] : []),
  ]);
  const summary = `${count('ok')} ok, ${count('warn')} with warnings, ${count('fail')} failed`;
  return [...rows, '', summary].join('\n');
}
