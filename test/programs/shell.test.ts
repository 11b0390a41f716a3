/** bash scripts, their redirections and children, sed -i and other atomic saves, flock, daemons. */
import { compare } from './support.ts';

await compare('shells and their children', [
  {
    name: 'redirections, here-docs, globs',
    script: String.raw`
echo a > f; echo b >> f; cat < f; cat <<E > here
line $((1+1))
E
cat here; exec 3<> f; read -u 3 x; echo "got $x"; echo over >&3; exec 3>&-; cat f; { echo o; echo e >&2; } > both 2>&1; cat both; echo c >| f; set -C; (echo d > f) 2> err || echo refused; set +C; wc -l err
ls nothing > out 2>&1 || true; cat out; touch x1 x2 y1 'a b' '*'; echo x* [xy]1 ?b* \*; shopt -s nullglob extglob globstar dotglob
echo none* !(x*|y*); mkdir -p s/t; touch s/t/deep .hid; echo **; rm -- '*'; ls -A; : > empty; [ -s empty ] || echo empty; read -r v < f; echo $v; mapfile -t l < both; echo ${'$'}{#l[@]}`,
  },
  {
    name: 'subshells, pipelines, process substitution, traps',
    script: String.raw`
(cd / && pwd); (mkdir d; cd d; echo in > f; pwd); cat d/f; pwd; v=$(cd d && cat f); echo $v; echo one two | tee p | wc -w; diff <(sort d/f) <(cat d/f) && echo same; cat f1 2> /dev/null || echo none; tee >(cat > copy) < d/f > /dev/null; for i in 1 2 3 4 5 6 7 8 9 10; do [ -s copy ] && break; sleep 0.1; done; cat copy
(trap 'echo bye > bye' EXIT; echo hi); cat bye; bash -c 'trap "echo term > term; exit 3" TERM; kill $$; sleep 1' || echo $?; cat term; seq 1000 | while read n; do echo $n; done > many; wc -l < many; for i in 1 2 3; do echo $i >> log & done; wait; sort log; rm log; coproc cat; echo x >&"${'$'}{COPROC[1]}"; read y <&"${'$'}{COPROC[0]}"; echo $y; kill $COPROC_PID; sh -c 'echo $0 $PWD; pwd -P' name; [ d -ef "$R/d" ] && echo same; touch -d @1 old; [ d -nt old ] && echo newer`,
  },
  {
    name: 'scripts in the tree, $0, env, PATH, cwd of children',
    script: String.raw`
mkdir bin; printf '#!/bin/sh\necho "$0 $# $*"; pwd\n' > bin/hello; chmod +x bin/hello; bin/hello a 'b c'; ./bin/hello; "$R/bin/hello" x; PATH=$R/bin:$PATH hello y; cd bin; ./hello z; ../bin/hello; cd ..
printf '#!/usr/bin/env bash\necho bash ${'$'}{BASH_VERSION:+yes} $1\n' > bin/b; chmod 755 bin/b; bin/b 1; printf '#!%s/bin/hello flag\n' "$R" > bin/chain; chmod +x bin/chain; bin/chain c; chmod -x bin/b; bin/b 2>&1 || echo $?; ./none 2>&1 || echo $?; printf 'echo plain\n' > bin/plain; chmod +x bin/plain; bin/plain; . bin/plain; bash bin/b 3
env -i "$R/bin/hello" e; env -i /bin/sh -c 'cat bin/plain'; cp /bin/echo bin/e; bin/e copied; (exec -a other bin/e renamed); sed -i '1s/.*//' bin/chain`,
  },
  {
    name: 'standard streams on virtual files',
    script: String.raw`
seq 5 > in; sort -r < in > out 2> err; cat out; bash -c 'read a; read b; echo $b; exec cat' < in >> out; cat out; (head -1; cat) < in | wc -l; exec 5> late; echo to5 >&5; sh -c 'echo child >&5'; exec 5>&-; cat late; exec < in; read one; sh -c 'read two; echo $two'; "$PY" -c 'import sys; print(sys.stdin.readline())' < late; "$NODE" -e 'process.stdin.pipe(process.stdout)' < out; "$PY" -c 'print("out")' > pyout; cat pyout; "$NODE" -e 'console.log("out"); console.error("e")' > nout 2>&1; cat nout; nohup sh -c 'echo kept' > nh 2>&1; cat nh`,
    needs: ['python3'],
  },
  {
    name: 'xargs -P4, parallel appends, many short children',
    script: String.raw`
seq 60 | xargs -P4 -I{} sh -c 'echo {} > f{}; cat f{} >> all'; sort -n all | md5sum; rm all; ls f* | wc -l; seq 60 | xargs -n 7 -P4 -I{} rm f{}; ls; printf '%s\0' a b c | xargs -0 touch; ls; for i in $(seq 40); do /bin/true > t$i; done; ls t* | wc -l; rm t*; seq 20 | xargs -P4 -n1 mkdir; rmdir -- [0-9]*; ls`,
    limitMs: 60_000,
  },
  {
    name: 'sed -i, ed-like saves, backups, atomic replace',
    script: String.raw`
seq 5 > f; ln f other; sed -i 's/3/three/' f; cat f; stat -c %h f other; sed -i.bak -e 1d f; cat f f.bak; sed --follow-symlinks -n 1p f; chmod 600 f; sed -i '$a end' f; stat -c %a f; cat f; awk '{print $1 > "col_" $1}' f; ls; t=$(mktemp ./.fXXXX); echo new > "$t"; chmod 644 "$t"; mv "$t" f; cat f; echo x > f~; mv -f f~ f; cat f; cp --backup=numbered other f; ls; grep -rn three . | sort; grep -c . f; patch -v > /dev/null 2>&1 && { printf '%s\n' '--- other' '+++ other' '@@ -1,2 +1,2 @@' ' 1' '-2' '+two' | patch other > /dev/null; } || sed -i s/2/two/ other; cat other; rm -f other.orig`,
  },
  {
    name: 'vim saves',
    needs: ['vim'],
    script: String.raw`
printf 'a\nb\n' > f; TERM=dumb vim -u NONE -i NONE -es -n -c '%s/b/c/' -c wq f < /dev/null; cat f; TERM=dumb vim -u NONE -i NONE -es -c 'set backup writebackup backupcopy=no' -c 'normal Gox' -c wq f < /dev/null; cat f f~; TERM=dumb vim -u NONE -i NONE -es -c 'set backupcopy=yes' -c 'normal Goy' -c wq f < /dev/null; ls -A; cat f`,
  },
  {
    name: 'flock between processes',
    needs: ['flock'],
    script: String.raw`
echo 0 > n; for i in 1 2 3 4 5 6 7 8; do (for k in 1 2 3; do flock lock sh -c 'v=$(cat n); echo $((v+1)) > n'; done) & done; wait; cat n; exec 9> held; flock 9; flock -n held true || echo busy; flock -u 9; flock -n held echo free; exec 8< held; flock -s 8; flock -sn held echo shared; flock -xn held true || echo no; flock -w 0.1 . echo dir`,
    limitMs: 60_000,
  },
  {
    name: 'daemons: setsid, nohup, double fork',
    needs: ['setsid', 'nohup'],
    script: String.raw`
wait_for() { for i in $(seq 100); do [ -s "$1" ] && return; sleep 0.05; done; echo "no $1"; }
setsid sh -c 'echo from setsid > s.tmp; mv s.tmp s' & wait_for s; cat s; nohup sh -c 'sleep 0.1; echo nohup > n.tmp; mv n.tmp n' > /dev/null 2>&1 & wait_for n; cat n; (setsid sh -c '(sleep 0.2; cd /; echo double > "$R/d.tmp"; mv "$R/d.tmp" "$R/d") > /dev/null 2>&1 < /dev/null &' ); wait_for d; cat d; sh -c 'exec 0<&- 1>&- 2>&-; echo closed > c' || echo $?; ls; setsid -w sh -c 'exec > o; exec 3< s; echo $(cat <&3)'; cat o; wait`,
  },
  {
    name: 'leaving the tree and coming back',
    script: String.raw`
cd /; cat "$R/x" 2> /dev/null || echo none; cd "$R"; mkdir a; cd a; echo in > f; cd ..; cat a/f; cd a; cat ../a/f; cd /usr/bin; ls sh; cd "$R/a"; cd - > /dev/null; pwd; cd "$OLDPWD"; pwd; ls /usr/bin/env; (cd ../../../../..; ls -d usr); pushd / > /dev/null; popd; ln -s /etc/passwd pw; head -c 5 pw; ln -s "$R/a/f" l; cat l; cp /etc/hostname h; cmp h /etc/hostname; cd ..; rm -rf a; mkdir gone; cd gone; rmdir ../gone; ls; touch x 2>&1 || echo $?; cd "$R"; ls`,
  },
]);
