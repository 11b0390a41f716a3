/** Error codes of Node's filesystem functions. */

/** Empty for an error without one. */
export const codeOf = (error: unknown): string => (error as { code?: string } | undefined)?.code ?? '';

export const isMissing = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(codeOf(error));
