/** Authentication with a NATS server. */
import { readFileSync } from 'node:fs';
import type { Authenticator } from '@nats-io/transport-node';
import { UserError } from '../../user-error.ts';
import { natsClient } from './nats-client.ts';

/** @param file a `.creds` file, or a file with the seed of a user's nkey @throws UserError */
export async function natsCredentials(file: string): Promise<Authenticator> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UserError(
      `cannot read the NATS credentials ${file} (${(error as NodeJS.ErrnoException).code})`,
      'Give a file that is there and that you may read.',
    );
  }
  const { credsAuthenticator, nkeyAuthenticator } = await natsClient();
  const bytes = new TextEncoder().encode(text.trim());
  if (text.includes('BEGIN NATS USER JWT')) return credsAuthenticator(bytes);
  if (/^SU[A-Z2-7]{56}$/.test(text.trim())) return nkeyAuthenticator(bytes);
  throw new UserError(
    `${file} holds no NATS credentials`,
    'Expected: a .creds file as `nsc` writes them, or the seed of a user (SU…).',
  );
}
