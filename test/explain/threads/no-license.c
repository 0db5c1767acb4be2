// expect: ENV-02 line 5 rule advice
#define NOLIC
#include "threads.h"
char L2[] SEC("license") = "Proprietary";
SEC("kprobe/foo") int prog(struct pt_regs *ctx) { u64 v = 0; bpf_probe_read_kernel(&v, 8, (void *)ctx->rdi); return v & 1; }
