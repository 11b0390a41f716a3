/**
 * Tokens and their scopes.
 *
 * A scope is a real path with everything below it, `session:NAME/virtual/path`, or `*`. Only digests of tokens are kept
 * in memory.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { covers } from '../../core/watch/paths.ts';
import { UserError } from '../user-error.ts';
import type { Definition } from './definition.ts';

const SCOPE = /^(\*|\/.*|session:[\w.-]+(\/.*)?)$/;

const fileSchema = z.strictObject({
  tokens: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        token: z.string().min(20),
        scopes: z.array(z.string().regex(SCOPE)).min(1),
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

/** @throws UserError */
export function checkScopes(scopes: readonly string[]): void {
  for (const scope of scopes)
    if (!SCOPE.test(scope))
      throw new UserError(`'${scope}' is not a scope`, 'Give an absolute path, session:NAME, or *.', 2);
}

export interface TokenEntry {
  readonly name: string;
  readonly token: string;
  readonly scopes: readonly string[];
}

export class Tokens {
  readonly #entries: readonly { readonly digest: Buffer; readonly principal: Principal }[];

  /** @param allow scopes of the whole service, which limit those of each token */
  constructor(entries: readonly TokenEntry[], allow: readonly string[] = ['*']) {
    this.#entries = entries.map(({ name, token, scopes }) => ({
      digest: digest(token),
      principal: {
        name,
        sees: (definition) => inScopes(scopes, definition) && inScopes(allow, definition),
      },
    }));
  }

  of(authorization: string | undefined): Principal | undefined {
    const token = /^Bearer ([\w.~+/=-]{1,512})$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) return undefined;
    const given = digest(token);
    let principal: Principal | undefined;
    // Compares all of them, so that the time does not depend on the token.
    for (const entry of this.#entries) if (timingSafeEqual(entry.digest, given)) principal = entry.principal;
    return principal;
  }
}

/** @throws UserError when the file is missing or invalid, or other users may read it */
export function readTokens(file: string): TokenEntry[] {
  const stat = lstatSync(file, { throwIfNoEntry: false });
  if (!stat)
    throw new UserError(
      `the token file ${file} does not exist`,
      'Start once with --listen 127.0.0.1:0, which creates it.',
    );
  if (!stat.isFile())
    throw new UserError(
      `the token file ${file} is not a regular file`,
      'Give the file itself by --token-file.',
    );
  if ((stat.mode & 0o077) !== 0)
    throw new UserError(`other users may access the token file ${file}`, `Run: chmod 600 ${file}`);
  try {
    return fileSchema.parse(JSON.parse(readFileSync(file, 'utf8'))).tokens;
  } catch {
    const example = '{"tokens":[{"name":"me","token":"20 characters or more","scopes":["/home/me"]}]}';
    throw new UserError(`the token file ${file} has another format than expected`, `Expected: ${example}`);
  }
}

/** Creates the token file at the first start, with a token for everything. */
export function createTokens(file: string): TokenEntry[] {
  const tokens = [{ name: 'owner', token: randomBytes(32).toString('base64url'), scopes: ['*'] }];
  writeFileSync(file, `${JSON.stringify({ tokens }, undefined, 2)}\n`, { mode: 0o600, flag: 'wx' });
  return tokens;
}
