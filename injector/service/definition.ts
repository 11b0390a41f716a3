/** Definition of a watcher, as in requests and in the store. */
import { z } from '@hono/zod-openapi';

// Readers of the document differ on whether \w is ASCII only.
const NAME = /^[A-Za-z0-9_.-]{1,64}$/;
export const ID = NAME;
export const TAG = /^[^:\s]{1,64}:[^\r\n]{0,256}$/;

const path = z
  .string()
  // biome-ignore lint/suspicious/noControlCharactersInRegex: no path contains them
  .regex(/^\/[^\u0000]{0,4095}$/, 'a path is absolute, and has no NUL')
  .openapi({ example: '/home/me/project' });
const glob = z.string().min(1).max(1024);

export const ruleSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.enum(['include-path', 'exclude-path']), path }),
  z.strictObject({ kind: z.literal('exclude-hidden') }),
  z.strictObject({ kind: z.enum(['include-glob', 'exclude-glob']), glob }),
  z.strictObject({ kind: z.literal('gitignore'), text: z.string().max(65_536), dir: path.optional() }),
]);

const name = z.string().regex(NAME).openapi({ example: 'build' });

export const tagText = z.string().regex(TAG, 'a tag is key:value').openapi({ example: 'team:docs' });

export const definitionSchema = z
  .strictObject({
    path,
    source: z
      .union([z.literal('directory'), z.string().regex(/^session:[A-Za-z0-9_.-]{1,64}$/)])
      .default('directory')
      .openapi({ description: '`directory`, or `session:NAME` for the virtual tree of a session' }),
    branch: name.optional().openapi({ description: 'Of a session. Default: main' }),
    tags: z
      .array(tagText)
      .max(32)
      .default([])
      .refine((tags) => new Set(tags.map((tag) => tag.split(':')[0])).size === tags.length, {
        message: 'a tag key is given twice',
        params: { code: 'duplicate_tag' },
      }),
    rules: z.array(ruleSchema).max(256).default([]),
    latencyMs: z.number().int().min(0).max(60_000).optional().openapi({
      description:
        "Coalescing interval: silence before a delivery. Default: the service's sync interval, or 100",
    }),
    maxLatencyMs: z.number().int().min(0).max(600_000).optional().openapi({
      description: "How long changes wait at most. Default: the service's sync interval, or 500",
    }),
    noDefer: z.boolean().default(false).openapi({ description: 'Tell what comes after a pause at once' }),
    defer: z.array(name).max(16).default([]).openapi({ description: 'States during which events wait' }),
    drop: z
      .array(name)
      .max(16)
      .default([])
      .openapi({ description: 'States during which events are dropped' }),
    retention: z
      .strictObject({
        events: z.number().int().min(1).max(100_000).default(10_000),
        bytes: z.number().int().min(1024).max(67_108_864).default(8_388_608),
        seconds: z.number().int().min(1).max(86_400).default(900),
      })
      .prefault({}),
  })
  .openapi('Definition');

export type Definition = z.infer<typeof definitionSchema>;

export const stateSchema = z
  .strictObject({ name, path: path.default('/'), metadata: z.record(z.string(), z.string()).default({}) })
  .openapi('State');
export const stateName = name;
export const idSchema = z.string().regex(ID).openapi({ example: '0b1c' });

const eventId = z
  .string()
  .regex(/^[0-9]{20}$/)
  .openapi({ example: '00000000000000000042' });

export const eventSchema = z
  .object({
    id: eventId,
    action: z.enum([
      'create',
      'update',
      'attrib',
      'delete',
      'rename',
      'overflow',
      'rescan',
      'root-removed',
      'root-moved',
      'history-done',
      'error',
      'state-enter',
      'state-leave',
    ]),
    path: z.string(),
    from: z.string().optional(),
    type: z.string().optional(),
    time: z.number().openapi({ description: 'Milliseconds since the epoch' }),
    count: z.number().optional(),
    replaced: z.string().optional(),
    exchanged: z.boolean().optional(),
    state: z.string().optional(),
    metadata: z.record(z.string(), z.string()).optional(),
    message: z.string().optional(),
  })
  .openapi('Event');

export type ServiceEvent = Omit<z.infer<typeof eventSchema>, 'id' | 'time'>;

const edge = z.object({ id: eventId, time: z.number() }).nullable();

export const watcherSchema = z
  .object({
    id: idSchema,
    definition: definitionSchema,
    epoch: z.string(),
    least: edge,
    most: edge,
    retained: z.object({ events: z.number(), bytes: z.number() }),
    clients: z.number(),
    status: z.enum(['starting', 'watching', 'failed']),
    error: z.string().optional(),
  })
  .openapi('Watcher');

export const pageSchema = z
  .object({ items: z.array(watcherSchema), next: z.string().nullable() })
  .openapi('WatcherPage');

export const eventPageSchema = z
  .object({
    items: z.array(eventSchema),
    next: eventId,
    first: eventId.nullable(),
    last: eventId.nullable(),
    gap: z.boolean().openapi({ description: 'Older events than the first are gone' }),
    epoch: z.string(),
  })
  .openapi('EventPage');

export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number(),
    code: z.string(),
    detail: z.string(),
    remedy: z.string(),
    first: z.string().nullable().optional(),
    last: z.string().nullable().optional(),
  })
  .openapi('Problem');
