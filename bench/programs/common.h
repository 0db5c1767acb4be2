// Raw-memory programs: r1 points to `length` bytes, r2 is the length, r0 is a checksum of all that was computed.
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef int s32;
typedef long long s64;

#define PROGRAM __attribute__((section("bench"), used))
#define SUBPROGRAM static __attribute__((noinline, section("bench")))
#define INLINE static __attribute__((always_inline)) inline
// Keeps the compiler from unrolling or from computing a loop at compile time.
#define OPAQUE(x) __asm__ volatile("" : "+r"(x))
