// Global variables: constants (.rodata), initialised (.data) and zeroed (.bss) data become maps of one value each,
// which programs reach without a lookup and users read and write like any other map.
#include "include/ebpf_windows.h"

const volatile uint32_t step = 10;
volatile uint32_t total = 40;
volatile uint64_t runs;

SEC("sample_ext")
int GlobalVariables(sample_program_context_t* ctx)
{
    total += step;
    runs++;
    return total;
}
