/** The page at `/`: one file, nothing from elsewhere. The token stays in the tab. */
export const PAGE = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>shimfs watchers</title>
<meta name="viewport" content="width=device-width">
<style>
body{font:14px/1.5 system-ui,sans-serif;margin:1.5rem;color:#222;background:#fff}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.25rem .6rem;border-bottom:1px solid #ddd}
tr[data-id]{cursor:pointer}tr.chosen{background:#eef4ff}canvas{width:100%;height:120px;border:1px solid #ddd}
#log{height:18rem;overflow:auto;font:12px/1.4 ui-monospace,monospace;border:1px solid #ddd;padding:.4rem;white-space:pre-wrap}
#note{color:#a00}
</style></head><body>
<h1>shimfs watchers</h1>
<form id="enter"><label>Token <input id="token" type="password" autocomplete="off" size="48"></label> <button>Open</button> <a href="/docs/">API</a></form>
<p id="note" role="status"></p>
<table><thead><tr><th>Watcher</th><th>Path</th><th>Tags</th><th>Status</th><th>Retained</th><th>Bytes</th><th>Oldest</th><th>Clients</th></tr></thead><tbody id="watchers"></tbody></table>
<h2>Events <small id="rate"></small></h2>
<canvas id="plot" width="1200" height="120" aria-label="events per second, last two minutes"></canvas>
<div id="log"></div>
<script>
const $ = (id) => document.getElementById(id);
const counts = new Array(120).fill(0);
let token = sessionStorage.getItem('token') || '', chosen, stream;
const headers = (more) => ({ authorization: 'Bearer ' + token, ...more });
async function list() {
  if (!token) return;
  try {
    const answer = await fetch('/watchers?limit=1000', { headers: headers() });
    const body = await answer.json();
    if (!answer.ok) { $('note').textContent = body.detail + '. ' + body.remedy; return; }
    const health = await (await fetch('/healthz')).json();
    $('note').textContent = [health.notice, health.store.cause && health.store.cause + '. ' + health.store.remedy].filter(Boolean).join(' ');
    $('watchers').replaceChildren(...body.items.map((one) => {
      const row = document.createElement('tr');
      row.dataset.id = one.id;
      row.className = one.id === chosen ? 'chosen' : '';
      const cells = [one.id, one.definition.path, one.definition.tags.join(', '), one.error || one.status, one.retained.events,
        one.retained.bytes, one.least ? new Date(one.least.time).toLocaleTimeString() : '', one.clients];
      for (const text of cells) row.appendChild(document.createElement('td')).textContent = text;
      row.onclick = () => follow(one.id);
      return row;
    }));
    if (!chosen && body.items.length) follow(body.items[0].id);
  } catch (error) { $('note').textContent = String(error); }
}
async function follow(id) {
  stream?.abort();
  const mine = stream = new AbortController();
  chosen = id; $('log').replaceChildren(); counts.fill(0);
  let last = '0'.repeat(20);
  while (!mine.signal.aborted) {
    try {
      const answer = await fetch('/watchers/' + encodeURIComponent(id) + '/events', { signal: mine.signal,
        headers: headers({ accept: 'text/event-stream', 'last-event-id': last }) });
      if (!answer.ok) { chosen = undefined; return; }
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
          if (data && kind !== 'bookmark') show(kind, JSON.parse(data));
        }
      }
    } catch {}
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}
function show(kind, event) {
  counts[counts.length - 1]++;
  const line = document.createElement('div');
  line.textContent = kind ? kind + ' ' + JSON.stringify(event)
    : new Date(event.time).toLocaleTimeString() + ' ' + event.action.padEnd(8) + ' ' + (event.from ? event.from + ' -> ' : '') + event.path;
  $('log').prepend(line);
  while ($('log').childElementCount > 500) $('log').lastChild.remove();
}
function plot() {
  const pen = $('plot').getContext('2d'), most = Math.max(1, ...counts);
  pen.clearRect(0, 0, 1200, 120); pen.fillStyle = '#36c';
  counts.forEach((n, i) => pen.fillRect(i * 10, 120 - n / most * 110, 9, n / most * 110));
  $('rate').textContent = counts[counts.length - 1] + '/s, most ' + Math.max(...counts) + '/s';
  counts.push(0); counts.shift();
}
$('enter').onsubmit = (event) => { event.preventDefault(); token = $('token').value; sessionStorage.setItem('token', token); list(); };
setInterval(list, 2000); setInterval(plot, 1000); list();
</script></body></html>`;
