// expect: TYP-01 line 5 bug advice
#include "threads.h"
struct args { u64 pad; long nr; long dfd; const char *filename; long flags; };
SEC("tracepoint/syscalls/sys_enter_openat") int prog(struct args *args) {
  if (args->filename[0] == '/') return 1;
  return 0;
}
