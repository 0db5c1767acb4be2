// expect: EXIT-01 line 12 rule result
// fix: return 0;
#include "../threads/threads.h"
SEC("lsm/file_open") int prog(u64 *ctx) {
#ifdef FIX
  return (ctx[0] & 1) ? -1 : 0;
#else
  if (ctx[0] & 1)
    return 5;
  return 0;
#endif
}
