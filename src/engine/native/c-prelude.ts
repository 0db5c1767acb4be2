/**
 * What every generated C file begins with: the types through which a loader sees the programs, and the operations of RFC 9669 whose C
 * counterparts are undefined, depend on the machine, or draw warnings on constants. C11, no other file needed.
 */
export const C_PRELUDE = `#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* No program uses all of the operations below. */
#if defined(__GNUC__)
#define OPERATION __attribute__((unused)) static inline
#else
#define OPERATION static inline
#endif

#define EBPF_STACK_SIZE {stack}
#define EBPF_MAY_GOTO_BUDGET {mayGoto}

/* A helper takes five registers; which of them it reads is its own affair. */
struct _program_runtime_context;
typedef uint64_t (*helper_function_t)(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5,
                                      const struct _program_runtime_context *runtime_context);
/* A subprogram whose address a program hands to a helper. */
typedef uint64_t (*callback_function_t)(uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5,
                                        const struct _program_runtime_context *runtime_context);

/* What a loader provides, in the order of the tables of the program. */
typedef struct _program_runtime_context {
  void *user;
  const helper_function_t *helpers;
  const uint64_t *values;
  /* A helper whose id is in a register. */
  uint64_t (*call_helper)(uint64_t id, uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, uint64_t r5,
                          const struct _program_runtime_context *runtime_context);
  /* Legacy packet loads: 0, or -1 outside the packet. */
  int (*load_packet)(uint64_t context, int32_t offset, uint32_t size, uint64_t *value,
                     const struct _program_runtime_context *runtime_context);
  /* Instructions that cannot be run; the result becomes that of the function. */
  uint64_t (*fault)(uint64_t instruction, const struct _program_runtime_context *runtime_context);
} program_runtime_context_t;

typedef struct {
  const char *name;
  uint64_t id;
  int is_btf_function;
  int tail_call;
} helper_entry_t;

/* The 64-bit value of a wide load: kind as in the instruction's source field, low and high its two immediates. */
typedef struct {
  const char *kind;
  int32_t low;
  int32_t high;
} value_entry_t;

typedef struct {
  const char *name;
  uint32_t type;
  uint32_t key_size;
  uint32_t value_size;
  uint32_t max_entries;
  uint32_t flags;
  uint32_t pinning;
  int64_t inner_map;
} map_entry_t;

typedef struct {
  const char *map;
  uint32_t index;
  const char *target;
} map_initial_value_t;

typedef struct {
  const char *map;
  const char *section;
  const uint8_t *bytes;
  size_t size;
  int read_only;
} global_variable_section_t;

typedef struct {
  uint64_t (*function)(void *context, uint64_t length, const program_runtime_context_t *runtime_context);
  const char *name;
  const char *section_name;
  const helper_entry_t *helpers;
  size_t helper_count;
  const value_entry_t *values;
  size_t value_count;
  size_t bpf_instruction_count;
} program_entry_t;

typedef struct {
  uint32_t major;
  uint32_t minor;
  uint32_t revision;
} bpf2c_version_t;

typedef struct {
  void (*programs)(const program_entry_t **programs, size_t *count);
  void (*maps)(const map_entry_t **maps, size_t *count);
  void (*hash)(const uint8_t **hash, size_t *size);
  void (*version)(bpf2c_version_t *version);
  void (*map_initial_values)(const map_initial_value_t **values, size_t *count);
  void (*global_variable_sections)(const global_variable_section_t **sections, size_t *count);
} metadata_table_t;

OPERATION uint64_t load8(uint64_t address) { return *(const uint8_t *)(uintptr_t)address; }
OPERATION uint64_t load16(uint64_t address) {
  uint16_t value;
  memcpy(&value, (const void *)(uintptr_t)address, sizeof(value));
  return value;
}
OPERATION uint64_t load32(uint64_t address) {
  uint32_t value;
  memcpy(&value, (const void *)(uintptr_t)address, sizeof(value));
  return value;
}
OPERATION uint64_t load64(uint64_t address) {
  uint64_t value;
  memcpy(&value, (const void *)(uintptr_t)address, sizeof(value));
  return value;
}
OPERATION void store8(uint64_t address, uint64_t value) { *(uint8_t *)(uintptr_t)address = (uint8_t)value; }
OPERATION void store16(uint64_t address, uint64_t wide) {
  uint16_t value = (uint16_t)wide;
  memcpy((void *)(uintptr_t)address, &value, sizeof(value));
}
OPERATION void store32(uint64_t address, uint64_t wide) {
  uint32_t value = (uint32_t)wide;
  memcpy((void *)(uintptr_t)address, &value, sizeof(value));
}
OPERATION void store64(uint64_t address, uint64_t value) { memcpy((void *)(uintptr_t)address, &value, sizeof(value)); }

OPERATION uint64_t sign8(uint64_t value) { return (uint64_t)(int64_t)(int8_t)value; }
OPERATION uint64_t sign16(uint64_t value) { return (uint64_t)(int64_t)(int16_t)value; }
OPERATION uint64_t sign32(uint64_t value) { return (uint64_t)(int64_t)(int32_t)value; }

OPERATION uint64_t swap16(uint64_t value) { return ((value & 0xff) << 8) | ((value >> 8) & 0xff); }
OPERATION uint64_t swap32(uint64_t value) { return (swap16(value) << 16) | swap16(value >> 16); }
OPERATION uint64_t swap64(uint64_t value) { return (swap32(value) << 32) | swap32(value >> 32); }
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define LITTLE_ENDIAN_HOST 0
#else
#define LITTLE_ENDIAN_HOST 1
#endif
OPERATION uint64_t be16(uint64_t value) { return LITTLE_ENDIAN_HOST ? swap16(value) : value & 0xffff; }
OPERATION uint64_t be32(uint64_t value) { return LITTLE_ENDIAN_HOST ? swap32(value) : value & 0xffffffff; }
OPERATION uint64_t be64(uint64_t value) { return LITTLE_ENDIAN_HOST ? swap64(value) : value; }
OPERATION uint64_t le16(uint64_t value) { return LITTLE_ENDIAN_HOST ? value & 0xffff : swap16(value); }
OPERATION uint64_t le32(uint64_t value) { return LITTLE_ENDIAN_HOST ? value & 0xffffffff : swap32(value); }
OPERATION uint64_t le64(uint64_t value) { return LITTLE_ENDIAN_HOST ? value : swap64(value); }

OPERATION uint64_t mul32(uint64_t a, uint64_t b) { return (uint32_t)((uint64_t)(uint32_t)a * (uint32_t)b); }
OPERATION uint64_t div64(uint64_t a, uint64_t b) { return b == 0 ? 0 : a / b; }
OPERATION uint64_t mod64(uint64_t a, uint64_t b) { return b == 0 ? a : a % b; }
OPERATION uint64_t div32(uint64_t a, uint64_t b) { return div64((uint32_t)a, (uint32_t)b); }
OPERATION uint64_t mod32(uint64_t a, uint64_t b) { return mod64((uint32_t)a, (uint32_t)b); }
OPERATION uint64_t sdiv64(uint64_t a, uint64_t b) {
  return b == 0 ? 0 : b == UINT64_MAX ? 0 - a : (uint64_t)((int64_t)a / (int64_t)b);
}
OPERATION uint64_t smod64(uint64_t a, uint64_t b) {
  return b == 0 ? a : b == UINT64_MAX ? 0 : (uint64_t)((int64_t)a % (int64_t)b);
}
OPERATION uint64_t sdiv32(uint64_t a, uint64_t b) { return (uint32_t)sdiv64(sign32(a), sign32(b)); }
OPERATION uint64_t smod32(uint64_t a, uint64_t b) { return (uint32_t)smod64(sign32(a), sign32(b)); }
OPERATION uint64_t lsh64(uint64_t a, uint64_t b) { return a << (b & 63); }
OPERATION uint64_t rsh64(uint64_t a, uint64_t b) { return a >> (b & 63); }
OPERATION uint64_t arsh64(uint64_t a, uint64_t b) {
  uint64_t sign = a >> 63 != 0 ? UINT64_MAX : 0;
  return ((a ^ sign) >> (b & 63)) ^ sign;
}
OPERATION uint64_t lsh32(uint64_t a, uint64_t b) { return (uint32_t)((uint64_t)(uint32_t)a << (b & 31)); }
OPERATION uint64_t rsh32(uint64_t a, uint64_t b) { return (uint32_t)a >> (b & 31); }
OPERATION uint64_t arsh32(uint64_t a, uint64_t b) { return (uint32_t)arsh64(sign32(a), b & 31); }

OPERATION int jeq(uint64_t a, uint64_t b) { return a == b; }
OPERATION int jne(uint64_t a, uint64_t b) { return a != b; }
OPERATION int jgt(uint64_t a, uint64_t b) { return a > b; }
OPERATION int jge(uint64_t a, uint64_t b) { return a >= b; }
OPERATION int jlt(uint64_t a, uint64_t b) { return a < b; }
OPERATION int jle(uint64_t a, uint64_t b) { return a <= b; }
OPERATION int jsgt(uint64_t a, uint64_t b) { return (int64_t)a > (int64_t)b; }
OPERATION int jsge(uint64_t a, uint64_t b) { return (int64_t)a >= (int64_t)b; }
OPERATION int jslt(uint64_t a, uint64_t b) { return (int64_t)a < (int64_t)b; }
OPERATION int jsle(uint64_t a, uint64_t b) { return (int64_t)a <= (int64_t)b; }
OPERATION int jset(uint64_t a, uint64_t b) { return (a & b) != 0; }
OPERATION int jnset(uint64_t a, uint64_t b) { return (a & b) == 0; }

/*
 * The __atomic functions of GCC and Clang; each returns the value before. They are undefined for addresses that are no multiple of the
 * size, which eBPF allows: there a load and a store must do. __atomic_fetch_or and its like are not used: GCC 12 loses the operand where
 * the result goes into the variable that held it.
 */
#define ATOMIC(name, operator, bits) \\
  OPERATION uint64_t atomic_##name##bits(uint64_t address, uint64_t value) { \\
    uint##bits##_t old = (uint##bits##_t)load##bits(address); \\
    if (address % sizeof(uint##bits##_t) != 0) { \\
      store##bits(address, old operator value); \\
      return old; \\
    } \\
    while (!__atomic_compare_exchange_n((uint##bits##_t *)(uintptr_t)address, &old, (uint##bits##_t)(old operator value), 0, \\
                                        __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {} \\
    return old; \\
  }
ATOMIC(add, +, 32)
ATOMIC(add, +, 64)
ATOMIC(or, |, 32)
ATOMIC(or, |, 64)
ATOMIC(and, &, 32)
ATOMIC(and, &, 64)
ATOMIC(xor, ^, 32)
ATOMIC(xor, ^, 64)
#define ATOMIC_EXCHANGE(bits) \\
  OPERATION uint64_t atomic_xchg##bits(uint64_t address, uint64_t value) { \\
    if (address % sizeof(uint##bits##_t) != 0) { \\
      const uint64_t old = load##bits(address); \\
      store##bits(address, value); \\
      return old; \\
    } \\
    return __atomic_exchange_n((uint##bits##_t *)(uintptr_t)address, (uint##bits##_t)value, __ATOMIC_SEQ_CST); \\
  } \\
  OPERATION uint64_t atomic_cmpxchg##bits(uint64_t address, uint64_t expected, uint64_t value) { \\
    uint##bits##_t old = (uint##bits##_t)expected; \\
    if (address % sizeof(uint##bits##_t) != 0) { \\
      const uint64_t found = load##bits(address); \\
      if (found == old) store##bits(address, value); \\
      return found; \\
    } \\
    (void)__atomic_compare_exchange_n((uint##bits##_t *)(uintptr_t)address, &old, (uint##bits##_t)value, 0, \\
                                      __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); \\
    return old; \\
  }
ATOMIC_EXCHANGE(32)
ATOMIC_EXCHANGE(64)
`;
