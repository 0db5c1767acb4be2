// libbpf's functions under their C names: load, run, read a ring buffer record by record.
import { readFileSync } from 'node:fs';
import { openLibbpf } from 'ebpfsh';

const bpf = await openLibbpf({ readFile: readFileSync });
const object = bpf.bpf_object__open('samples/ringbuf.o');
if (object === null || (await bpf.bpf_object__load(object)) < 0) throw new Error(bpf.libbpf_strerror(-bpf.errno()));

const program = bpf.bpf_object__find_program_by_name(object, 'bind_events');
if (program === null) throw new Error('samples/ringbuf.o has no bind_events');
const run = { ctx_in: new Uint8Array(64), repeat: 2 };
console.log(`bpf_prog_test_run_opts: ${bpf.bpf_prog_test_run_opts(bpf.bpf_program__fd(program), run)}`);

const ring = bpf.ring_buffer__new(bpf.bpf_object__find_map_fd_by_name(object, 'events'), () => 0);
if (ring === null) throw new Error(bpf.libbpf_strerror(-bpf.errno()));
let seen = 0;
for await (const record of ring.records()) {
  console.log(`record of ${record.length} bytes`);
  if (++seen === run.repeat) break;
}

bpf.ring_buffer__free(ring);
bpf.bpf_object__close(object);
