/** Address of a store in NATS JetStream: `nats://HOST:PORT/NAME`, `tls://…`; several servers are separated by commas. */
import { UserError } from '../../user-error.ts';

export interface NatsLocation {
  readonly servers: readonly string[];
  /** Name of the service, which has a stream of its own. */
  readonly name: string;
  readonly replicas: number;
  readonly tls: boolean;
}

export const isNatsLocation = (text: string): boolean => /^(nats|tls):\/\//.test(text);

/** @throws UserError */
export function parseNatsLocation(text: string): NatsLocation {
  const match =
    /^(nats|tls):\/\/((?:[\w.-]+|\[[\da-fA-F:]+\])(?::\d{1,5})?(?:,(?:[\w.-]+|\[[\da-fA-F:]+\])(?::\d{1,5})?)*)(?:\/([\w-]{1,32})?)?(?:\?replicas=([1-5]))?$/.exec(
      text,
    );
  if (!match)
    throw new UserError(
      `'${text}' is not the address of a NATS server`,
      'Example: --store nats://127.0.0.1:4222/NAME, with ?replicas=3 in a cluster; give credentials by --nats-credentials.',
      2,
    );
  const [, scheme, servers = '', name = 'main', replicas = '1'] = match;
  return { servers: servers.split(','), name, replicas: Number(replicas), tls: scheme === 'tls' };
}
