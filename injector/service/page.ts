/** The page at `/`: a single file that loads nothing else. The token stays in the tab. */

const STYLE = `
:root{color-scheme:light dark;--ink:#1d2430;--dim:#667085;--line:#e3e6eb;--paper:#f6f7f9;--card:#fff;--mark:#2f6fed;--bad:#c0362c;--good:#1a7f4b;--soft:#eaf1ff}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ef;--dim:#98a2b3;--line:#2c3340;--paper:#14181f;--card:#1c222c;--mark:#6ea0ff;--bad:#ff8a80;--good:#5fd39a;--soft:#22304a}}
*{box-sizing:border-box}
body{font:14px/1.5 system-ui,sans-serif;margin:0;color:var(--ink);background:var(--paper)}
main{max-width:1180px;margin:0 auto;padding:1.25rem}
header{display:flex;flex-wrap:wrap;gap:.75rem 1.5rem;align-items:center;justify-content:space-between}
h1{font-size:1.25rem;margin:0}h2{font-size:1rem;margin:0}
a{color:var(--mark)}
form{display:flex;flex-wrap:wrap;gap:.5rem;align-items:center}
form input{flex:1 1 10rem}
input,button{font:inherit;padding:.35rem .6rem;border:1px solid var(--line);border-radius:6px;background:var(--card);color:inherit;min-width:0}
button{background:var(--mark);border-color:var(--mark);color:var(--card);cursor:pointer}
section{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:1rem;margin-top:1rem}
.head{display:flex;flex-wrap:wrap;gap:.25rem 1rem;justify-content:space-between;align-items:baseline;margin-bottom:.5rem}
.dim,.head span{color:var(--dim)}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%}
th{font-weight:600;color:var(--dim);font-size:12px}
td,th{text-align:left;padding:.35rem .6rem;border-bottom:1px solid var(--line);white-space:nowrap}
tr:last-child td{border-bottom:0}
tr[data-id]{cursor:pointer}tr[data-id]:hover{background:var(--paper)}tr.chosen,tr.chosen:hover{background:var(--soft)}
td.number,th.number{text-align:right;font-variant-numeric:tabular-nums}
.watching{color:var(--good)}.failed{color:var(--bad)}
.tag{display:inline-block;border:1px solid var(--line);border-radius:9px;padding:0 .5em;margin-right:.25em;font-size:12px;color:var(--dim)}
canvas{width:100%;height:110px;display:block}
#log{height:20rem;overflow:auto;font:12px/1.6 ui-monospace,monospace;margin-top:.75rem}
#log div{display:grid;grid-template-columns:6.5em 7em 1fr;gap:.5em;border-bottom:1px solid var(--line);overflow-wrap:anywhere}
#log .delete,#log .overflow,#log .error,#log .reset,#log .root-removed{color:var(--bad)}#log .create{color:var(--good)}#log .rename{color:var(--mark)}
@media(max-width:600px){#log div{grid-template-columns:5.5em 4.5em 1fr}}
#note:empty{display:none}#note{color:var(--bad);margin:1rem 0 0}
`;

const SCRIPT = `
const $ = (id) => document.getElementById(id);
const SECONDS = 120;
let counts = new Array(SECONDS).fill(0);
let token = sessionStorage.getItem('token') || '', chosen, stream;
const headers = (more) => ({ authorization: 'Bearer ' + token, ...more });
const size = (bytes) => bytes < 1024 ? bytes + ' B' : bytes < 1048576 ? (bytes / 1024).toFixed(1) + ' KiB' : (bytes / 1048576).toFixed(1) + ' MiB';
const clock = (edge) => edge ? new Date(edge.time).toLocaleTimeString() : '–';
function cell(row, content, what, kind) {
  const at = row.insertCell();
  if (what) at.dataset.what = what;
  if (kind) at.className = kind;
  for (const one of [].concat(content)) at.append(one);
}
function rowOf({ id, definition, error, status, retained, least, most, clients }) {
  const row = document.createElement('tr');
  row.dataset.id = id;
  if (id === chosen) row.className = 'chosen';
  cell(row, id);
  cell(row, definition.path + (definition.source === 'directory' ? '' : ' in ' + definition.source));
  cell(row, definition.tags.map((text) => Object.assign(document.createElement('span'), { className: 'tag', textContent: text })));
  cell(row, error ? status + ': ' + error : status, 'status', status);
  const { retention } = definition;
  cell(row, retained.events + ' of ' + retention.events, 'retained', 'number');
  cell(row, size(retained.bytes) + ' of ' + size(retention.bytes), 'bytes', 'number');
  cell(row, clock(least) + ' to ' + clock(most), 'span');
  cell(row, String(clients), 'clients', 'number');
  row.onclick = () => follow(id);
  return row;
}
async function list() {
  if (!token) return;
  try {
    const answer = await fetch('/watchers?limit=1000', { headers: headers() });
    const body = await answer.json();
    if (!answer.ok) { note(body.detail + '. ' + body.remedy); $('watchers').replaceChildren(); return; }
    const health = await (await fetch('/healthz', { headers: headers() })).json();
    note([health.notice, health.store.cause && health.store.cause + '. ' + health.store.remedy].filter(Boolean).join(' '));
    $('watchers').replaceChildren(...body.items.map(rowOf));
    $('count').textContent = body.items.length + (body.next ? ' and more' : '') + (body.items.length === 1 && !body.next ? ' watcher' : ' watchers');
    if (chosen && !body.items.some((one) => one.id === chosen)) leave();
    if (!chosen && body.items.length) follow(body.items[0].id);
  } catch (error) { note('The service does not answer: ' + error.message); }
}
function note(text) { $('note').textContent = text; }
function leave() { stream?.abort(); chosen = undefined; $('state').textContent = ''; }
async function follow(id) {
  if (id === chosen) return;
  leave();
  const mine = stream = new AbortController();
  chosen = id;
  for (const row of $('watchers').rows) row.classList.toggle('chosen', row.dataset.id === id);
  $('which').textContent = 'Events of ' + id;
  $('log').replaceChildren(); counts.fill(0);
  let last = '0'.repeat(20), live = false;
  while (!mine.signal.aborted) {
    try {
      $('state').textContent = 'connecting';
      const answer = await fetch('/watchers/' + encodeURIComponent(id) + '/events', { signal: mine.signal,
        headers: headers({ accept: 'text/event-stream', 'last-event-id': last }) });
      if (!answer.ok) { if (chosen === id) leave(); return; }
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let rest = '';;) {
        const { value, done } = await reader.read();
        if (done) break;
        const frames = (rest + value).split('\\n\\n');
        rest = frames.pop();
        for (const frame of frames) {
          const field = (name) => (frame.match(new RegExp('^' + name + ': (.*)$', 'm')) || [])[1];
          last = field('id') || last;
          const kind = field('event'), data = field('data');
          if (kind === 'bookmark') { live = true; $('state').textContent = 'live'; }
          else if (data) show(kind, JSON.parse(data), live);
        }
      }
    } catch {}
    if (mine.signal.aborted) return;
    $('state').textContent = 'connecting again';
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}
function show(kind, event, live) {
  // Retained events are listed, but not counted in the rate.
  if (live) counts[SECONDS - 1]++;
  const line = document.createElement('div');
  const words = kind ? ['', kind, event.remedy || JSON.stringify(event)]
    : [new Date(event.time).toLocaleTimeString(), event.action, (event.from ? event.from + ' → ' : '') + event.path + (event.message ? ': ' + event.message : '')];
  for (const word of words) line.appendChild(document.createElement('span')).textContent = word;
  line.className = kind || event.action;
  $('log').prepend(line);
  while ($('log').childElementCount > 500) $('log').lastChild.remove();
}
function plot() {
  const canvas = $('plot'), ratio = devicePixelRatio || 1;
  const width = canvas.clientWidth, height = canvas.clientHeight;
  canvas.width = width * ratio; canvas.height = height * ratio;
  const pen = canvas.getContext('2d'), style = getComputedStyle(document.documentElement);
  const most = Math.max(1, ...counts), step = width / SECONDS, base = height - 16;
  pen.scale(ratio, ratio);
  pen.fillStyle = style.getPropertyValue('--line'); pen.fillRect(0, base, width, 1);
  pen.fillStyle = style.getPropertyValue('--mark');
  counts.forEach((n, i) => n && pen.fillRect(i * step, base - n / most * (base - 14), Math.max(1, step - 1), n / most * (base - 14)));
  pen.fillStyle = style.getPropertyValue('--dim'); pen.font = '11px system-ui,sans-serif';
  pen.fillText(most + '/s', 0, 11); pen.fillText('2 min ago', 0, height - 3);
  pen.textAlign = 'right'; pen.fillText('now', width, height - 3);
  $('rate').textContent = counts[SECONDS - 1] + ' events/s now, most ' + Math.max(...counts) + ', mean ' + (counts.reduce((a, b) => a + b) / SECONDS).toFixed(2);
}
$('enter').onsubmit = (event) => { event.preventDefault(); token = $('token').value; sessionStorage.setItem('token', token); leave(); list(); };
$('token').value = token;
setInterval(list, 2000); setInterval(() => { plot(); counts.push(0); counts.shift(); }, 1000); plot(); list();
`;

export const PAGE = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>shimfs watchers</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
<style>${STYLE}</style></head><body><main>
<header><h1>shimfs watchers</h1>
<form id="enter"><label for="token">Token</label><input id="token" type="password" autocomplete="off" size="32"><button>Open</button><a href="/docs/">API</a></form></header>
<p id="note" role="status"></p>
<section><div class="head"><h2>Watchers</h2><span id="count">Give a token from the token file.</span></div>
<div class="wide"><table><thead><tr><th>Watcher</th><th>Path</th><th>Tags</th><th>Status</th><th class="number">Retained</th><th class="number">Bytes</th><th>From, to</th><th class="number">Clients</th></tr></thead><tbody id="watchers"></tbody></table></div></section>
<section><div class="head"><h2 id="which">Events</h2><span id="state"></span><span id="rate"></span></div>
<canvas id="plot" role="img" aria-label="events per second, last two minutes"></canvas>
<div id="log" aria-live="off"></div></section>
</main><script>${SCRIPT}</script></body></html>`;
