/**
 * Fixed binary layouts, told once and used twice: as offsets for JavaScript and as a C struct.
 *
 * Little-endian; a field stands at the next multiple of its own size, as every ABI we run on would put it,
 * so the C struct needs no packing attribute. Nothing here may use a Node global: the agent bundles it.
 */

export type FieldType = 'u8' | 'u16' | 'u32' | 'i32' | 'u64' | 'i64';
const SIZE: Record<FieldType, number> = { u8: 1, u16: 2, u32: 4, i32: 4, u64: 8, i64: 8 };
const C_TYPE: Record<FieldType, string> = {
  u8: 'uint8_t',
  u16: 'uint16_t',
  u32: 'uint32_t',
  i32: 'int32_t',
  u64: 'uint64_t',
  i64: 'int64_t',
};

export type FieldSpec = Readonly<Record<string, FieldType>>;

export interface Layout<F extends FieldSpec> {
  readonly name: string;
  readonly fields: F;
  /** Byte offset of each field. */
  readonly at: { readonly [K in keyof F]: number };
  /** Bytes, a multiple of 8. */
  readonly size: number;
}

/** @param name the C struct's name */
export function layout<const F extends FieldSpec>(name: string, fields: F): Layout<F> {
  const at: Record<string, number> = {};
  let offset = 0;
  for (const [field, type] of Object.entries(fields)) {
    const size = SIZE[type as FieldType];
    offset = Math.ceil(offset / size) * size;
    at[field] = offset;
    offset += size;
  }
  return { name, fields, at: at as Layout<F>['at'], size: Math.ceil(offset / 8) * 8 };
}

/** The C struct for `l`, followed by assertions that the compiler lays it out alike. */
export function cStruct(l: Layout<FieldSpec>): string {
  const rows = Object.entries(l.fields).map(([field, type]) => `  ${C_TYPE[type]} ${field};`);
  const asserts = Object.entries(l.at).map(
    ([field, offset]) =>
      `_Static_assert(offsetof(struct ${l.name}, ${field}) == ${offset}, "${l.name}.${field}");`,
  );
  return [
    `struct ${l.name} {`,
    ...rows,
    '} __attribute__((aligned(8)));',
    ...asserts,
    `_Static_assert(sizeof(struct ${l.name}) == ${l.size}, "${l.name}");`,
  ].join('\n');
}

/** `#define PREFIX_NAME value` for each entry; camelCase names become UPPER_SNAKE. */
export function cDefines(prefix: string, values: Readonly<Record<string, number>>): string {
  return Object.entries(values)
    .map(
      ([name, value]) =>
        `#define ${prefix}_${name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase()} ${value}`,
    )
    .join('\n');
}
