// expect: EXIT-01 line 6 rule result
#include "threads.h"
SEC("cgroup/connect4") int prog(struct bpf_sock_addr *ctx) {
  if (ctx->user_port == bpf_htons(80)) return -1;
  return 1;
}
