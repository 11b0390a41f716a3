/** The agent's script for Frida, which `npm run build` bundles. */
import { existsSync, readFileSync } from 'node:fs';
import { packageFile } from '../package-root.ts';
import { UserError } from '../user-error.ts';

export const AGENT_BUNDLE = ['dist', 'agent', 'agent.js'] as const;

let source: string | undefined;

export function agentScript(): string {
  if (source !== undefined) return source;
  const bundle = packageFile(...AGENT_BUNDLE);
  if (!existsSync(bundle))
    throw new UserError(
      `the agent's script ${bundle} does not exist`,
      'In a clone, run `npm run build`. Otherwise install the package again.',
    );
  source = readFileSync(bundle, 'utf8');
  return source;
}
