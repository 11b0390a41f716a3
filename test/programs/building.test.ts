/** make and gcc: sources, objects, libraries and the program all in the tree, and the program run. */
import { compare } from './support.ts';

const PROJECT = String.raw`
mkdir src include; for i in $(seq 20); do printf '#include "all.h"\nint f%d(int x) { return x + %d; }\n' $i $i > src/f$i.c; done
{ echo '#pragma once'; for i in $(seq 20); do echo "int f$i(int);"; done; } > include/all.h
{ echo '#include <stdio.h>'; echo '#include "all.h"'; echo 'int main(int n, char **v) { int x = 0;'; for i in $(seq 20); do echo "x = f$i(x);"; done; echo 'printf("%s %d %d\n", v[0], x, n); FILE *f = fopen("result", "w"); fprintf(f, "%d\n", x); return fclose(f); }'; } > src/main.c
cat > Makefile <<'E'
SOURCES := $(wildcard src/*.c)
OBJECTS := $(patsubst src/%.c,obj/%.o,$(SOURCES))
CFLAGS := -O0 -g0 -Iinclude -MMD
prog: $(OBJECTS)
	$(CC) -o $@ $(sort $^)
obj/%.o: src/%.c | obj
	$(CC) $(CFLAGS) -c -o $@ $<
obj:
	mkdir -p $@
clean:
	rm -rf obj prog
-include $(OBJECTS:.o=.d)
E
`;

await compare('make and gcc', [
  {
    name: 'a project of 20 files, rebuilt, cleaned',
    needs: ['make', 'gcc'],
    script: String.raw`${PROJECT}
make -s; ./prog a; "$R/prog"; cat result; make -q && echo up to date; sleep 0.02; touch include/all.h; make -q || echo outdated; make -s -j4; touch src/f3.c; make -n | wc -l; make -s; ls obj | wc -l; ar rcs liball.a obj/f*.o; ar t liball.a | wc -l; nm liball.a | grep -c ' T '; gcc -Iinclude -o static src/main.c -L. -lall; ./static; strip static; size prog | wc -l; make -s clean; ls`,
    says: /prog 210 2/,
    limitMs: 90_000,
  },
  {
    name: 'a shared library of the tree, loaded by its path',
    needs: ['gcc', 'python3'],
    script: String.raw`
echo 'int answer(void) { return 42; }' > l.c; printf '#include <stdio.h>\nint answer(void);\nint main(void) { printf("%%d\\n", answer()); return 0; }\n' > m.c; printf '#include <dlfcn.h>\n#include <stdio.h>\nint main(int n, char **v) { void *h = dlopen(v[1], RTLD_NOW); if (!h) { puts(dlerror()); return 1; } printf("%%d\\n", ((int (*)(void))dlsym(h, "answer"))()); return dlclose(h); }\n' > d.c
gcc -shared -fPIC -o libanswer.so l.c; gcc -o d d.c -ldl; ./d ./libanswer.so; ./d "$R/libanswer.so"; "$PY" -c 'import ctypes; print(ctypes.CDLL("./libanswer.so").answer())'
rm d l.c d.c m.c; echo done`,
    says: /42/,
    limitMs: 60_000,
  },
  {
    name: '200 files by make -j4',
    needs: ['make', 'gcc'],
    script: String.raw`
for i in $(seq 200); do echo "int f$i(void) { return $i; }" > f$i.c; done; { for i in $(seq 200); do echo "int f$i(void);"; done; echo 'int main(void) { int s = 0;'; for i in $(seq 200); do echo "s += f$i();"; done; echo 'return s != 20100; }'; } > main.c
printf 'O := $(sort $(patsubst %%.c,%%.o,$(wildcard *.c)))\nprog: $(O)\n\t$(CC) -o $@ $^\n%%.o: %%.c\n\t$(CC) -O0 -c -o $@ $<\n' > Makefile
make -s -j4; ./prog; echo "ran $?"; ls *.o | wc -l; make -q && echo up to date`,
    says: /ran 0/,
    limitMs: 120_000,
  },
]);
