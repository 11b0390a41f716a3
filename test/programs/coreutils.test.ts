/** coreutils, find and tar. */
import { compare } from './support.ts';

await compare('coreutils, find, tar', [
  {
    name: 'cp -a keeps what it copies',
    script: String.raw`
mkdir -p a/b/c; echo one > a/one; echo two > a/b/two; ln -s ../one a/b/link; ln a/one a/hard; ln -s nowhere a/dangling
chmod 640 a/one; chmod 1777 a/b/c; touch -d '2001-02-03 04:05:06.789012345' a/b/two; touch -h -d @1234567890 a/dangling; mkfifo a/pipe
cp -a a copy
diff -r --exclude=pipe --no-dereference a copy
stat -c '%n %F %a %h' copy/one copy/hard copy/b/link copy/b/c copy/pipe
stat -c '%n %y' copy/b/two copy/dangling
cp -rL a/b followed; cp --sparse=always a/one sparse; cp -u a/one copy/one; cp -l a/b/two linked; cp -s "$R/a/one" symbolic
cp --preserve=mode,timestamps a/b/two p; stat -c '%y' p; cp -b a/one a/b/two; ls a/b
cp a/one a/b 2>&1; cp a/one a/one 2>&1 || echo same; cp -r a a/b 2>&1 | head -c 40 || true; rm -rf a/b/a`,
  },
  {
    name: 'mv, ln, install, link counts',
    script: String.raw`
mkdir d e; echo x > f; mv f d; mv d/f d/g; mv -n d/g e; mv d e; ls -R
echo a > a; echo b > b; ln a a2; ln -sf a s; ln -sfn d2 s; readlink s; stat -c '%h' a
mv -f a b; cat b; ls; stat -c %h a2; mv a2 b || echo same; ls
install -m 750 -D b x/y/z; install -d -m 700 i/j; stat -c '%a %n' x/y/z i/j
mv nothing b 2>&1 || echo $?; rmdir e 2>&1 || echo $?; mkdir e 2>&1 || echo $?
ln b "$R/e" && ls e; ln -r -s e/b rel; readlink rel; cat rel; realpath rel; readlink -f s || true; unlink rel; link b l2; stat -c %h l2`,
  },
  {
    name: 'dd, split, truncate, head, tail, tac, shuf, sort, uniq, comm, join, cut, tee, od',
    script: String.raw`
seq 20000 > n; sort -rn n -o r; head -3 r; tail -2 r; tac n | cmp - r; wc n r; sort -S 64K -T . r | md5sum; ls
dd if=n of=part bs=100 skip=3 count=7 status=none; dd if=n of=part bs=10 seek=5 count=2 conv=notrunc status=none; cksum part
dd if=/dev/zero of=holes bs=1 count=1 seek=1M status=none; stat -c '%s %b' holes; dd if=n of=o oflag=append conv=notrunc status=none; dd if=n of=o oflag=append conv=notrunc status=none; wc -c o
split -b 10000 n s.; ls s.*; cat s.* | cmp - n; split -n l/3 -d n t.; md5sum t.*; csplit -s -f c. n 500 1000; wc -l c.*
truncate -s 10 n; truncate -s +5 n; truncate -s %8 n; od -c n; truncate -r r n; stat -c %s n
echo b | tee t1 t2 > t3; sort t1 t2 t3 | uniq -c; comm -12 t1 t2; join t1 t2; cut -c1 t1; tail -c 5 o; shuf -n 0 n; nl t1; fold -w 3 t1; paste t1 t2; expand t1; sha256sum t1 > sums; sha256sum -c sums`,
  },
  {
    name: 'touch, stat, du, chmod -R, chown, test',
    script: String.raw`
mkdir -p d/e; echo x > d/f; dd if=/dev/zero of=d/e/big bs=4096 count=5 status=none; du -a -B1 --apparent-size d/e/big d/f; du -B1 d/e/big; sync d/f
chmod -R u+rwX,go= d; stat -c '%a %n' d d/e d/f; chmod -R a+x,g+s d; stat -c '%A %n' d d/e d/f; chmod 000 d/f; stat -c %A d/f
touch -d '1999-12-31 23:59:59.123456789' d/f; touch -r d/f d/g; stat -c '%x %y' d/g; touch -a -d @5 d/g; touch -m -d @6 d/g; stat -c '%X %Y' d/g; touch -c none; ls d
[ d/e -nt d/g ]; [ d/g -ot d/e ]; [ d/f -ef d/f ]; [ -d d ] && [ -s d/e/big ] && [ ! -s d/g ] && [ ! -e d/h ] && echo tests
stat -f -c '%T' . ; stat -c '%F %s %h %U' d/f; stat nothing 2>&1 || echo $?; ls -la d | awk 'NR>1{print $1,$2,$NF}'; ls -i d | awk '{print NF}'; df . | wc -l
if [ "$(id -u)" = 0 ]; then chown -R 12:34 d; stat -c '%u:%g' d d/e/big; chown -h 5 d; chgrp 7 d/f; stat -c '%u:%g %a' d d/f; fi`,
  },
  {
    name: 'mktemp, rm -rf, rmdir -p, shred, mknod',
    script: String.raw`
t=$(mktemp -p "$R" XXXXXXXXXX); stat -c '%a %s' "$t"; rm "$t"; d=$(mktemp -d -p .); stat -c '%a' "$d"; TMPDIR=$R mktemp -u > /dev/null; rmdir "$d"
mkdir -p a/b/c/d/e; for i in $(seq 300); do echo $i > a/b/f$i; done; touch 'a/b/c/ x' a/b/c/-v; ls a/b | wc -l; rm -rf a/b; ls -R a; mkdir -p x/y/z; rmdir -p x/y/z; ls
echo secret > s; shred -n1 -u s; ls; rm nothing 2>&1 || echo $?; rm -f nothing; mkdir -m 700 q; rm q 2>&1 || echo $?; mkfifo p; stat -c %F p; rm -d q; rm p`,
  },
  {
    name: 'find',
    needs: ['find'],
    script: String.raw`
mkdir -p a/b a/c; touch -d @1000 a/old; touch -d @2000 a/b/mid; touch -d @3000 a/c/new; ln -s ../old a/b/l; echo text > a/c/t; chmod 600 a/c/t
find . | sort; find a -newer a/b/mid -type f | sort; find a -type l -printf '%p %l %y %Y\n'; find -L a -type f -name l; find a -perm 600; find a -size +0 -type f; find a -empty | sort
find a -name '*d*' -exec echo got {} \; | sort; find a -type f -exec ls {} + | sort; find a -type f -execdir basename {} \; | sort; find a -samefile a/old; find a -depth | tail -1
find a -maxdepth 1 -mindepth 1 | sort; find a -path '*/c/*' -print0 | sort -z | xargs -0 -n1 echo; find a -links 2 -type d | sort; find a -newermt '1970-01-01 00:40' -type f | sort
find a/c -type f -delete; find a -type d -empty -delete; find . | sort; find none 2>&1 || echo $?`,
  },
  {
    name: 'tar',
    needs: ['tar', 'gzip'],
    script: String.raw`
mkdir -p t/d; echo one > t/one; ln t/one t/hard; ln -s one t/sym; dd if=/dev/urandom of=t/d/blob bs=1000 count=300 status=none; chmod 751 t/d; truncate -s 1M t/hole; touch -d @1234567890.5 t/one t/d t
cp t/one seed; tar --sort=name --numeric-owner -cf t.tar t; tar tvf t.tar | awk '{print $1,$2,$NF}'; mkdir out; tar -C out --numeric-owner -xpf t.tar; diff -r t out/t; stat -c '%n %a %h %Y' out/t out/t/one out/t/d; readlink out/t/sym
tar -cSzf t.tgz t; mkdir gz; tar -xzf t.tgz -C gz; cmp t/d/blob gz/t/d/blob; cmp t/hole gz/t/hole; tar --delete -f t.tar t/d; tar tf t.tar; tar rf t.tar seed; tar tf t.tar | tail -1
tar df t.tgz -z; tar cf - t | (cd out && tar xf -); gzip -kf t/one; zcat t/one.gz; tar -xf t.tar --overwrite; tar -cf inc.tar -g snap t > /dev/null; rm snap t.tgz inc.tar t.tar t/one.gz t/d/blob out/t/d/blob gz/t/d/blob; echo done`,
  },
]);
