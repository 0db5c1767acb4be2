#include "common.h"

// Recursive Fibonacci numbers and a leaf, all as calls from eBPF to eBPF.
SUBPROGRAM u64 mix(u64 a, u64 b) {
  OPAQUE(a);
  return (a ^ b) * 31;
}

SUBPROGRAM u64 fibonacci(u64 n) {
  if (n < 2) return n;
  return fibonacci(n - 1) + fibonacci(n - 2);
}

PROGRAM u64 calls(u8 *memory, u64 length) {
  u64 sum = length;
  for (u64 i = 0; i < 50; i++) {
    u64 n = 6;
    OPAQUE(n);
    sum = mix(sum, fibonacci(n));
  }
  return sum;
}
