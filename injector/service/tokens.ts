/**
 * Who may ask, and about which paths.
 *
 * A scope is a real path (and what is below), `session:NAME/virtual/path`, or `*`. Only digests are kept in memory.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { covers } from '../../core/watch/paths.ts';
import { UserError } from '../user-error.ts';
import type { Definition } from './definition.ts';

const fileSchema = z.strictObject({
  tokens: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        token: z.string().min(20),
        scopes: z.array(z.string().regex(/^(\*|\/.*|session:[\w.-]+(\/.*)?)$/)).min(1),
      }),
    )
    .min(1),
});

export interface Principal {
  readonly name: string;
  sees(definition: Pick<Definition, 'path' | 'source'>): boolean;
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

export function inScopes(
  scopes: readonly string[],
  { path, source }: Pick<Definition, 'path' | 'source'>,
): boolean {
  return scopes.some((scope) => {
    if (scope === '*') return true;
    if (source === 'directory') return scope.startsWith('/') && covers(scope.replace(/(?<=.)\/+$/, ''), path);
    if (!scope.startsWith('session:')) return false;
    const slash = scope.indexOf('/');
    const name = slash < 0 ? scope : scope.slice(0, slash);
    const top = slash < 0 ? '/' : scope.slice(slash).replace(/(?<=.)\/+$/, '');
    return source === name && covers(top, path);
  });
}

export interface TokenEntry {
  readonly name: string;
  readonly token: string;
  readonly scopes: readonly string[];
}

export class Tokens {
  readonly #entries: readonly { readonly digest: Buffer; readonly principal: Principal }[];

  /** @param allow what the service may watch at all */
  constructor(entries: readonly TokenEntry[], allow: readonly string[] = ['*']) {
    this.#entries = entries.map(({ name, token, scopes }) => ({
      digest: digest(token),
      principal: { name, sees: (what) => inScopes(scopes, what) && inScopes(allow, what) },
    }));
  }

  of(authorization: string | undefined): Principal | undefined {
    const token = /^Bearer ([\w.~+/=-]{1,512})$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) return undefined;
    const asked = digest(token);
    let found: Principal | undefined;
    for (const entry of this.#entries) if (timingSafeEqual(entry.digest, asked)) found = entry.principal;
    return found;
  }
}

/** @throws UserError when it is missing, others may read it, or it makes no sense */
export function readTokens(file: string): TokenEntry[] {
  const stat = lstatSync(file, { throwIfNoEntry: false });
  if (!stat)
    throw new UserError(`there is no token file ${file}`, 'Start once on 127.0.0.1: that makes one.');
  if (!stat.isFile() || (stat.mode & 0o077) !== 0)
    throw new UserError(`others may read the token file ${file}`, `Keep it to yourself: chmod 600 ${file}`);
  try {
    return fileSchema.parse(JSON.parse(readFileSync(file, 'utf8'))).tokens;
  } catch {
    const example = '{"tokens":[{"name":"me","token":"20 characters or more","scopes":["/home/me"]}]}';
    throw new UserError(`the token file ${file} is not as expected`, `Expected: ${example}`);
  }
}

/** Made at the first start, with one token for everything. */
export function makeTokens(file: string): TokenEntry[] {
  const tokens = [{ name: 'owner', token: randomBytes(32).toString('base64url'), scopes: ['*'] }];
  writeFileSync(file, `${JSON.stringify({ tokens }, undefined, 2)}\n`, { mode: 0o600, flag: 'wx' });
  return tokens;
}
