/** Listings of the samples, exactly as netsh prints those of the objects that they stand for. */

/** Above the rows of `show sections`. */
export const SECTIONS = `
                                                                     Size
                       Section                   Program       Type  (bytes)
==============================  ========================  =========  =======
`;

/** Above the maps that follow them. */
export const SECTION_MAPS = `
                     Key  Value      Max
          Map Type  Size   Size  Entries  Name
==================  ====  =====  =======  ========
`;

/** `show sections samples/bpf.o .text`. */
export const BPF_TEXT = `
Section      : .text
Program      : func
Program Type : unspec
Size         : 16 bytes
Instructions : 2
arith        : 0
arith32      : 0
arith64      : 1
assign       : 1
call_1       : 0
call_mem     : 0
call_nomem   : 0
instructions : 4
joins        : 0
jumps        : 0
load         : 0
load_store   : 0
map_in_map   : 0
other        : 3
packet_access: 0
reallocate   : 0
store        : 0
${SECTION_MAPS}`;

/** `show disassembly samples/bpf_call.o`. */
export const BPF_CALL = `; ./samples/bpf_call.c:12
; int func(sample_program_context_t* ctx)
       0:\tr1 = 0
; ./samples/bpf_call.c:14
;     uint32_t key = 0;
       1:\t*(u32 *)(r10 - 4) = r1
       2:\tr1 = 42
; ./samples/bpf_call.c:15
;     uint32_t value = 42;
       3:\t*(u32 *)(r10 - 8) = r1
       4:\tr2 = r10
; ./samples/bpf_call.c:0
; 
       5:\tr2 += -4
       6:\tr3 = r10
       7:\tr3 += -8
; ./samples/bpf_call.c:16
;     int result = bpf_map_update_elem(&map, &key, &value, BPF_ANY);
       8:\tr1 = map_fd 1
      10:\tr4 = 0
      11:\tr0 = bpf_map_update_elem:2(map_fd r1, map_key r2, map_value r3, uint64_t r4)
; ./samples/bpf_call.c:17
;     return result;
      12:\texit

`;
