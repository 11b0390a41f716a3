/** Errors as in RFC 9457: the cause in `detail`, the next step in `remedy`. */
export interface ProblemFacts {
  readonly status: number;
  /** For programs. */
  readonly code: string;
  readonly detail: string;
  readonly remedy: string;
  readonly [more: string]: unknown;
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Conflict',
  410: 'Gone',
  413: 'Too large',
  415: 'Unsupported media type',
  421: 'Misdirected request',
  422: 'Cannot be done',
  429: 'Too many',
  500: 'Internal error',
  503: 'Shutting down',
};

export class Problem extends Error {
  readonly facts: ProblemFacts;
  constructor(status: number, code: string, detail: string, remedy: string, more: object = {}) {
    super(detail);
    this.name = 'Problem';
    this.facts = { status, code, detail, remedy, ...more };
  }

  toResponse(): Response {
    const { status } = this.facts;
    const body = { type: 'about:blank', title: TITLES[status] ?? 'Error', ...this.facts };
    return new Response(JSON.stringify(body), {
      status,
      headers: {
        'content-type': 'application/problem+json',
        ...(status === 401 && { 'www-authenticate': 'Bearer' }),
      },
    });
  }
}
