/** git: its objects are hashes, so equal trees are equal to the bit. */
import { compare } from './support.ts';

const QUIET =
  'git config --global init.defaultBranch main; git config --global gc.auto 0; git config --global advice.detachedHead false';
const COMMITS = String.raw`${QUIET}; git init -q r; cd r; mkdir -p src/deep; for i in $(seq 30); do echo "file $i" > src/f$i; done; echo top > README; ln -s README link; printf '#!/bin/sh\n' > run; chmod +x run; git add .; git commit -qm one`;
/** The index holds times and inode numbers; the log's files are compared by git's output. */
const FORGET =
  'git fsck --strict 2>&1; git status --porcelain; rm -f .git/index .git/ORIG_HEAD; find .git -name "*.idx" -o -name "*.rev" -o -name "*.graph" | wc -l';

await compare('git', [
  {
    name: 'init, add, commit, log, diff, status, checkout',
    needs: ['git'],
    script: String.raw`${COMMITS}; git log --format='%H %s'; git status --porcelain; echo more >> src/f1; rm src/f2; echo new > src/new; git status --porcelain; git diff | cat; git add -A; git commit -qm two; git log --stat --format=%H | cat; git checkout -q HEAD~1; ls src | wc -l; git checkout -q main; git show --stat HEAD | tail -1; git mv src/f3 src/deep/f3; git commit -qm three; git log --follow --format=%s src/deep/f3; git blame -s README; git grep -n 'file 7'; git ls-files -s | md5sum; git archive HEAD | tar t | wc -l; git clean -nd; git reset -q --hard HEAD~1; git status --porcelain; ${FORGET}`,
    limitMs: 60_000,
  },
  {
    name: 'branch, merge, rebase, stash, conflict',
    needs: ['git'],
    script: String.raw`${COMMITS}; git branch topic; echo main > m; git add m; git commit -qm m; git checkout -q topic; echo topic > t; git add t; git commit -qm t; git checkout -q main; git merge -q --no-edit topic; git log --graph --format=%s | cat; git checkout -qb other HEAD~1; echo other > README; git commit -qam o; git rebase -q main; git log --format='%H %s'; git checkout -q main; echo conflict > README; git commit -qam c; git merge other 2>&1 || git status --porcelain; cat README; git merge --abort; echo dirty >> m; git stash -q; cat m; git stash list; git stash pop -q; cat m; git checkout -q -- m; git cherry-pick -X theirs other 2>&1 | head -1; git tag -a -m v1 v1; git describe; ${FORGET}; rm -f .git/logs/HEAD .git/logs/refs/heads/*`,
    limitMs: 60_000,
  },
  {
    name: 'gc, repack, clone, worktree, fetch',
    needs: ['git'],
    script: String.raw`${COMMITS}; for i in 1 2 3; do echo $i >> README; git commit -qam "c$i"; done; git count-objects -v | head -1; git gc -q; git count-objects -v | grep -v size; git fsck --full; git verify-pack .git/objects/pack/*.idx; git cat-file -p HEAD^{tree}; git worktree add -q ../wt -b wt; cd ../wt; echo w > w; git add w; git commit -qm w; git log --format=%s -2; cd ../r; git worktree list | wc -l; git worktree remove ../wt; cd ..; git clone -q r c; cd c; git log --format=%H | md5sum; git pull -q; echo p > p; git add p; git commit -qm p; git push -q origin HEAD:pushed; cd ../r; git log --format=%s -1 pushed; git merge -q pushed; git status --porcelain; cd ..; git clone -q --bare r b.git; git -C b.git rev-parse HEAD; git -C r bundle create -q ../x.bundle main; git clone -q x.bundle y -b main; ls y; rm -rf y x.bundle b.git c r/.git/index r/.git/objects/info r/.git/objects/pack`,
    limitMs: 90_000,
  },
]);
