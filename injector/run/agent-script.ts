/** The agent as one script for Frida: bundled at build time, or now when run from the sources. */
import { existsSync, readFileSync } from 'node:fs';
import { packageFile } from '../package-root.ts';

export const AGENT_BUNDLE = ['dist', 'agent', 'agent.js'] as const;

let source: string | undefined;

export function agentScript(): string {
  if (source !== undefined) return source;
  const bundle = packageFile(...AGENT_BUNDLE);
  if (!existsSync(bundle)) throw new Error(`${bundle} is missing: run \`npm run build\``);
  source = readFileSync(bundle, 'utf8');
  return source;
}
