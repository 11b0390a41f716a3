/** The configuration file: the command's options, with underscores instead of hyphens. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { UserError } from '../user-error.ts';

const fileSchema = z
  .strictObject({
    label: z.string(),
    directory: z.string(),
    restrict_dir: z.string(),
    log_file: z.string(),
    listen: z.string(),
    keep_alive: z.boolean(),
    run_at_load: z.boolean(),
    throttle: z.number(),
    sync_interval: z.number(),
  })
  .partial();

/** Checks types only: `validate` checks the values, together with those of the options. */
export type ConfigFile = z.infer<typeof fileSchema>;

/** @throws UserError naming the field */
export function readConfigFile(file: string): ConfigFile {
  let given: unknown;
  try {
    given = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new UserError(
      `cannot read the configuration ${file}: ${(error as Error).message}`,
      'Give a file with one JSON object.',
      2,
    );
  }
  const { success, data, error } = fileSchema.safeParse(given);
  if (success) return data;
  const causes = error.issues.map(({ path, message }) => `${path.join('.') || 'the file'}: ${message}`);
  const names = Object.keys(fileSchema.shape).join(', ');
  throw new UserError(
    `the configuration ${file} is invalid: ${causes.join('; ')}`,
    `Its names may be ${names}.`,
    2,
  );
}
