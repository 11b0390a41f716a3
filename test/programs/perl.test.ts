/** perl, if it is installed. */
import { compare } from './support.ts';

await compare('perl', [
  {
    name: 'files, directories, in-place edits, modules of the tree',
    needs: ['perl'],
    script: String.raw`mkdir lib; echo 'package Mine; sub v { "mine " . __FILE__ } 1;' > lib/Mine.pm
cat > main.pl <<'E'
use strict; use lib 'lib'; use Mine; use File::Find; use File::Copy; use File::Path qw(make_path remove_tree); use File::Temp; use Fcntl ':flock'; use Cwd; use File::Spec;
print Mine::v(), "\n", cwd(), " ", getcwd(), "\n"; make_path('a/b/c'); open(my $f, '>', 'a/f') or die; print $f "1\n2\n"; close $f; open($f, '+<', 'a/f'); flock($f, LOCK_EX) or die; seek($f, 2, 0); print $f "x"; truncate($f, 4); close $f; copy('a/f', 'a/g'); move('a/g', 'a/b/h'); symlink 'f', 'a/l'; link 'a/f', 'a/k'; print readlink('a/l'), " ", (stat 'a/f')[3], " ", -s 'a/f', " ", (-l 'a/l' ? 1 : 0), "\n";
my @found; find(sub { push @found, $File::Find::name }, 'a'); print join(',', sort @found), "\n"; opendir(my $d, 'a'); my @n = sort readdir $d; rewinddir $d; print "@n ", scalar(my @m = readdir $d), "\n"; utime 5, 6, 'a/f'; chmod 0600, 'a/f'; printf "%d %o\n", (stat 'a/f')[9], (stat _)[2]; my $t = File::Temp->new(DIR => '.'); print $t 'x'; close $t; print -s $t->filename, "\n"; print join(',', sort glob('a/*')), "\n"; remove_tree('a/b'); print -e 'a/b' ? 'there' : 'gone', "\n"; unlink 'none' or print "$!\n"; open($f, '<', 'none') or print "$!\n"; print qx(cat a/f); system('cat a/l'); if (!fork) { open(my $c, '>>', 'a/f'); print $c "child\n"; exit 3 } wait; print $? >> 8, "\n";
E
perl main.pl; perl -i.orig -pe 's/x/y/' a/f; cat a/f; ls a; perl -ne 'print "$. $_" if eof' a/f main.pl | cut -c1-20`,
  },
]);
