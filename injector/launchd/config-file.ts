/** The configuration as a file: the same names as the command's options, with underscores. */
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

/** What the values mean is looked at with those of the options. */
export type ConfigFile = z.infer<typeof fileSchema>;

/** @throws UserError naming the field */
export function readConfigFile(file: string): ConfigFile {
  let given: unknown;
  try {
    given = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new UserError(
      `cannot read ${file}: ${(error as Error).message}`,
      'It is to be one JSON object.',
      2,
    );
  }
  const { success, data, error } = fileSchema.safeParse(given);
  if (success) return data;
  const why = error.issues.map(({ path, message }) => `${path.join('.') || 'the file'}: ${message}`);
  const names = Object.keys(fileSchema.shape).join(', ');
  throw new UserError(`${file} is no configuration: ${why.join('; ')}`, `It may hold ${names}.`, 2);
}
