// expect: UNI-02 line 4 bug initialise
#include "threads.h"
SEC("xdp") __attribute__((naked)) int prog(struct xdp_md *ctx) {
  asm volatile("r2 = *(u32 *)(r1 + 16)\n if r2 == 0 goto 1f\n r0 = 2\n1: exit\n");
}
