/** SQLite: POSIX locks, journals, shared memory of the write-ahead log, several processes at once. */
import { compare } from './support.ts';

const DB = String.raw`
cat > db.py <<'E'
import sqlite3, sys
def db(): return sqlite3.connect('data.db', timeout=20, isolation_level=None)
E
cat > add.py <<'E'
import sys; from db import db
c = db()
for i in range(int(sys.argv[2])):
    c.execute('begin immediate'); c.execute('insert into t(who, n) values (?, ?)', (sys.argv[1], i)); c.execute('commit')
E
cat > show.py <<'E'
from db import db
c = db(); print(c.execute('select who, count(*), sum(n) from t group by who order by who').fetchall()); print(c.execute('pragma integrity_check').fetchall(), c.execute('pragma journal_mode').fetchall())
E
`;
const script = (mode: string): string => String.raw`${DB}
"$PY" -c "
from db import db
c = db(); print(c.execute('pragma journal_mode=${mode}').fetchall()); c.execute('pragma synchronous=1'); c.execute('create table t(id integer primary key, who text, n int)'); c.execute('create index i on t(who)')
c.execute('begin'); c.executemany('insert into t(who, n) values (?, ?)', (('bulk', i) for i in range(5000))); c.execute('commit')
c.execute('begin'); c.execute('delete from t'); c.execute('rollback'); print(c.execute('select count(*) from t').fetchall())"
"$PY" add.py a 60 & first=$!; "$PY" add.py b 60 & second=$!; wait $first; wait $second; "$PY" show.py
"$PY" -c "
from db import db; import os
c = db(); c.execute('begin immediate'); c.execute('update t set n = 0'); os._exit(9)" || echo $?
"$PY" show.py; "$PY" -c "
from db import db
a, b = db(), db(); a.execute('begin immediate'); b.execute('pragma busy_timeout=50')
try: b.execute('begin immediate')
except Exception as e: print(e)
a.execute('commit'); b.execute('vacuum'); b.execute('pragma wal_checkpoint(truncate)')"
ls; rm data.db`;

await compare('SQLite', [
  {
    name: 'rollback journal, two writers',
    needs: ['python3'],
    script: script('delete'),
    says: /a', 60.*b', 60/,
    limitMs: 90_000,
  },
  {
    name: 'write-ahead log, two writers',
    needs: ['python3'],
    script: script('wal'),
    says: /a', 60.*b', 60/,
    limitMs: 90_000,
  },
  {
    name: 'truncated and persistent journals',
    needs: ['python3'],
    script: script('persist').replaceAll('5000', '500'),
    limitMs: 90_000,
  },
]);
