/** The API's document as a page: no script, no other file, light or dark as the reader's system is. */

interface Schema {
  readonly type?: unknown;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema?: Schema;
}

interface Content {
  readonly description?: string;
  readonly content?: Readonly<Record<string, { readonly schema?: Schema }>>;
}

interface Operation {
  readonly summary?: string;
  readonly description?: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: Content;
  readonly responses?: Readonly<Record<string, Content>>;
}

/** The parts of an OpenAPI 3.1 document that the page shows. */
export interface ApiDocument {
  readonly info: { readonly title: string; readonly version: string };
  readonly paths?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const METHODS = ['get', 'put', 'post', 'patch', 'delete', 'head'] as const;

const STYLE = `:root { color-scheme: light dark; --line: #8886; --soft: #8882; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
details { border: 1px solid var(--line); border-radius: 6px; margin: .5rem 0; padding: .4rem .8rem; }
summary { cursor: pointer; overflow-wrap: anywhere; } b { display: inline-block; min-width: 4.5em; }
code, pre { font: 13px/1.4 ui-monospace, monospace; } pre { background: var(--soft); padding: .6rem; overflow-x: auto; }
table { border-collapse: collapse; display: block; overflow-x: auto; } td, th { text-align: left; padding: .2rem .8rem .2rem 0; vertical-align: top; }`;

const escaped = (text: string): string =>
  text.replace(
    /[&<>"]/g,
    (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign] as string,
  );

const json = (value: unknown): string => `<pre>${escaped(JSON.stringify(value, null, 2))}</pre>`;

function contentOf({ description = '', content = {} }: Content): string {
  const bodies = Object.entries(content).map(
    ([type, { schema }]) => `<p><code>${escaped(type)}</code></p>${schema ? json(schema) : ''}`,
  );
  return `<p>${escaped(description)}</p>${bodies.join('')}`;
}

function parametersOf(parameters: readonly Parameter[]): string {
  if (parameters.length === 0) return '';
  const rows = parameters.map(
    (one) =>
      `<tr><td><code>${escaped(one.name)}</code>${one.required ? ' (required)' : ''}</td><td>${escaped(one.in)}</td><td><code>${escaped(JSON.stringify(one.schema ?? {}))}</code></td><td>${escaped(one.description ?? '')}</td></tr>`,
  );
  return `<h4>Parameters</h4><table><tr><th>name</th><th>in</th><th>schema</th><th></th></tr>${rows.join('')}</table>`;
}

function operation(path: string, method: string, one: Operation): string {
  const responses = Object.entries(one.responses ?? {}).map(
    ([status, content]) => `<h4>${escaped(status)}</h4>${contentOf(content)}`,
  );
  return `<details><summary><b>${method.toUpperCase()}</b> <code>${escaped(path)}</code> ${escaped(one.summary ?? '')}</summary>
<p>${escaped(one.description ?? '')}</p>${parametersOf(one.parameters ?? [])}${one.requestBody ? `<h4>Body</h4>${contentOf(one.requestBody)}` : ''}${responses.join('')}</details>`;
}

/** @param document as served at /openapi.json @returns HTML */
export function apiPage(document: ApiDocument): string {
  const { title, version } = document.info;
  const operations = Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) =>
      operation(path, method, item[method] as Operation),
    ),
  );
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title><style>${STYLE}</style>
<h1>${escaped(title)} <small>version ${escaped(version)}</small></h1>
<p>Every request below <code>/watchers</code>, <code>/states</code> and <code>/metrics</code> carries <code>Authorization: Bearer TOKEN</code>.
The document itself: <a href="/openapi.json">/openapi.json</a>.</p>
${operations.join('\n')}</html>`;
}
