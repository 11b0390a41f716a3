/** What `shimfs doctor` finds out, and how it is shown. */

export interface Check {
  readonly name: string;
  /** `warn`: something works less well or not at all, but files and programs do. */
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

/** @returns a table for people, one line a check and its remedy below; or one JSON document. No final newline. */
export function renderChecks(checks: readonly Check[], { json = false }: RenderOptions = {}): string {
  const count = (status: Check['status']) => checks.filter((check) => check.status === status).length;
  if (json) return JSON.stringify({ ok: count('fail') === 0, checks }, undefined, 2);
  const width = Math.max(0, ...checks.map(({ name }) => name.length));
  const rows = checks.flatMap(({ name, status, detail, remedy }) => [
    `${status.padEnd(4)}  ${name.padEnd(width)}  ${detail}`,
    ...(remedy ? [`${' '.repeat(6 + width)}  → ${remedy}`] : []),
  ]);
  const summary = `${count('ok')} ok, ${count('warn')} warned, ${count('fail')} failed`;
  return [...rows, '', summary].join('\n');
}
