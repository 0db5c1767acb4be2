// Calling a helper with arguments that its prototype does not allow: null is neither a map nor a key nor a value.
// Verification names every argument that is wrong.
#include "include/ebpf_windows.h"

int func()
{
    int result = bpf_map_update_elem((void*)0, (void*)0, (void*)0, 0);
    return result;
}
