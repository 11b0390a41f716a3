/** A host in its own process, to be killed. Prints a line with the environment for programs in its session. */
import { TestSession } from '../support/session.ts';

const { host } = await TestSession.open();
process.stdout.write(
  `${JSON.stringify({ gate: host.file.gate, value: host.session.environmentValue('main'), objects: host.session.objects, socket: host.file.socket, token: host.file.token })}\n`,
);
process.stdin.resume();
process.stdin.on('end', () => process.exit());
