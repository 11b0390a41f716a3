/** Checks the parameters that a command sent. */
import { UserError } from '../../user-error.ts';
import type { Session } from '../session/session.ts';

export type Params = Readonly<Record<string, unknown>>;

const refuse = (name: string, wanted: string): never => {
  throw new UserError(
    `the parameter '${name}' is not ${wanted}`,
    'Use the same version for the command and the host.',
  );
};

export function optionalText(params: Params, name: string): string | undefined {
  const value = params[name];
  if (value === undefined) return undefined;
  return typeof value === 'string' && !value.includes('\0') ? value : refuse(name, 'a text');
}

export const text = (params: Params, name: string): string =>
  optionalText(params, name) ?? refuse(name, 'a text');

/** An absolute path: the host has no working directory for it. */
export function path(params: Params, name = 'path'): string {
  const value = text(params, name);
  if (value.startsWith('/')) return value;
  throw new UserError(
    `'${value}' is a relative path`,
    'Give an absolute path, as programs in the session see it.',
  );
}

export function optionalWhole(params: Params, name: string): number | undefined {
  const value = params[name];
  if (value === undefined) return undefined;
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : refuse(name, 'a number');
}

export const whole = (params: Params, name: string): number =>
  optionalWhole(params, name) ?? refuse(name, 'a number');

export function flag(params: Params, name: string, otherwise = false): boolean {
  const value = params[name];
  if (value === undefined) return otherwise;
  return typeof value === 'boolean' ? value : refuse(name, 'true or false');
}

export function texts(params: Params, name: string): readonly string[] {
  const value = params[name] ?? [];
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
    ? value
    : refuse(name, 'a list of texts');
}

export function bytes(params: Params, name: string): Uint8Array {
  const value = params[name];
  if (value instanceof Uint8Array) return value;
  return typeof value === 'string' ? Buffer.from(value, 'base64') : refuse(name, 'base64');
}

export function time(params: Params, name: string): { sec: number; nsec: number } {
  const value = params[name] as { sec?: unknown; nsec?: unknown } | undefined;
  const { sec, nsec } = value ?? {};
  return Number.isSafeInteger(sec) && Number.isSafeInteger(nsec)
    ? { sec: sec as number, nsec: nsec as number }
    : refuse(name, 'a time');
}

/** An existing branch. */
export function branch(params: Params, session: Session, name = 'branch'): string {
  const value = optionalText(params, name) ?? 'main';
  const known = session.core.listBranches().map((branch) => branch.name);
  if (known.includes(value)) return value;
  throw new UserError(
    `there is no branch '${value}' in session '${session.name}'`,
    `Its branches: ${known.join(', ')}. Create it: shimfs branch create ${value} --session ${session.name}`,
  );
}
