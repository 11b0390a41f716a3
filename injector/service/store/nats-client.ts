/**
 * NATS's client packages, which are loaded when a store is `nats://…`. They are optional: the newest need a newer Node
 * than the rest of shimfs.
 */
import { UserError } from '../../user-error.ts';

type JetStream = typeof import('@nats-io/jetstream');
type Transport = typeof import('@nats-io/transport-node');
export type NatsClient = Pick<JetStream, 'jetstream' | 'jetstreamManager'> &
  Pick<Transport, 'connect' | 'headers' | 'credsAuthenticator' | 'nkeyAuthenticator'>;

/** @throws UserError if they are not installed */
export async function natsClient(): Promise<NatsClient> {
  try {
    const [{ jetstream, jetstreamManager }, { connect, headers, credsAuthenticator, nkeyAuthenticator }] =
      await Promise.all([import('@nats-io/jetstream'), import('@nats-io/transport-node')]);
    return { jetstream, jetstreamManager, connect, headers, credsAuthenticator, nkeyAuthenticator };
  } catch (error) {
    throw new UserError(
      `a nats:// store needs NATS's client packages: ${(error as Error).message}`,
      'npm install @nats-io/jetstream @nats-io/transport-node, or give a file by --store.',
    );
  }
}
