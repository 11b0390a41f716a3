/** The address to listen on, as given by the user. */
import { isIP } from 'node:net';
import { UserError } from '../user-error.ts';

/** @throws UserError */
export function parseListen(text: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2] ?? '';
  const port = Number(match?.[3]);
  if (!match || port > 65_535 || (match[1] !== undefined && isIP(host) !== 6))
    throw new UserError(
      `'${text}' is not an address to listen on`,
      'Give HOST:PORT, such as --listen 127.0.0.1:7077.',
      2,
    );
  return { host, port };
}
