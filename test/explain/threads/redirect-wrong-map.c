// expect: HLP-05 line 4 rule advice
#include "threads.h"
MAP(m, BPF_MAP_TYPE_HASH, u32, u32, 8);
SEC("xdp") int prog(struct xdp_md *ctx) { return bpf_redirect_map(&m, 0, 0); }
