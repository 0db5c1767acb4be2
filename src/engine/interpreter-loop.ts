import { ExecutionFault, type ExecutionHost, MAY_GOTO_BUDGET, NULL_GUARD, slotOfCodeAddress } from './engine.ts';
import { divideSigned, divideUnsigned, moduloSigned, moduloUnsigned, negate } from './interpreter-arithmetic.ts';
import { atomic } from './interpreter-atomics.ts';
import { type InterpreterCode, ROW } from './interpreter-code.ts';
import { callWithRegisters, type HelperCall } from './interpreter-helpers.ts';

/** What all programs over one host share: views of its memory, and how many frames are in use. */
export class HostState {
  readonly host: ExecutionHost;
  bytes: Uint8Array;
  view: DataView;
  depth = 0;
  /** Return row, r6..r9 and the may_goto budget of each waiting frame. */
  readonly saved: Int32Array;

  constructor(host: ExecutionHost) {
    this.host = host;
    this.bytes = new Uint8Array(host.memory.buffer);
    this.view = new DataView(host.memory.buffer);
    this.saved = new Int32Array((host.maxFrames + 1) * SAVED_WORDS);
  }

  /** Growing the memory detaches every view of it; a detached array has length 0, which is cheaper to ask than the memory. */
  refresh(): void {
    if (this.bytes.length !== 0) return;
    this.bytes = new Uint8Array(this.host.memory.buffer);
    this.view = new DataView(this.host.memory.buffer);
  }
}

const SAVED_WORDS = 10;
const R6 = 12;
const R10 = 20;

/** A translated program and what its activations share. */
export interface Machine {
  readonly code: InterpreterCode;
  readonly calls: readonly HelperCall[];
  readonly state: HostState;
  /** Instructions of a counted run, and how many are left. */
  readonly budget: number;
  fuel: number;
}

/**
 * The loop. `f` is the register file, `d` and `s` places in it, `x` the row's last word; every case says what it is in eBPF's words.
 * Leaves the result in r0. Row numbers are those of OPERATION.
 */
export function execute(machine: Machine, f: Int32Array, wide: BigInt64Array, start: number, baseDepth: number): void {
  const { state } = machine;
  const { saved, host } = state;
  const { frameSize, maxFrames } = host;
  const code = machine.code.rows;
  let view = state.view;
  // Address minus guard, unsigned, must not exceed this minus the access size.
  let room = (view.byteLength - NULL_GUARD) | 0;
  let pc = start;
  let depth = baseDepth;
  let mayGoto = MAY_GOTO_BUDGET;
  if (depth > host.maxFrames) throw fault(machine, 'frames', `more than ${host.maxFrames} frames`, pc + ROW);
  f[R10] = host.stackBase + depth * host.frameSize;
  f[R10 + 1] = 0;
  for (;;) {
    const row = code[pc]!;
    const d = (row >> 6) & 0x1e;
    const s = row >>> 11;
    pc += ROW;
    // Only some rows have use for their last word: those read it themselves, as code[pc - 1].
    switch (row & 0x7f) {
      case 0: {
        // add64
        const low = (f[d]! + f[s]!) | 0;
        f[d + 1] = f[d + 1]! + f[s + 1]! + (low >>> 0 < f[d]! >>> 0 ? 1 : 0);
        f[d] = low;
        break;
      }
      case 1: {
        // sub64
        const low = f[d]!;
        f[d + 1] = f[d + 1]! - f[s + 1]! - (low >>> 0 < f[s]! >>> 0 ? 1 : 0);
        f[d] = low - f[s]!;
        break;
      }
      case 2: {
        // mul64: the low halves are multiplied in four pieces; what is written out here costs half of what a call does
        const a = f[d]!;
        const b = f[s]!;
        const middle = Math.imul(a >>> 16, b & 0xffff) + (Math.imul(a & 0xffff, b & 0xffff) >>> 16);
        const cross = Math.imul(a & 0xffff, b >>> 16) + (middle & 0xffff);
        const carried = Math.imul(a >>> 16, b >>> 16) + (middle >>> 16) + (cross >>> 16);
        f[d + 1] = carried + Math.imul(a, f[s + 1]!) + Math.imul(f[d + 1]!, b);
        f[d] = Math.imul(a, b);
        break;
      }
      case 3: // div64
        divideUnsigned(f, d, s);
        break;
      case 4: // sdiv64
        divideSigned(f, d, s);
        break;
      case 5: // mod64
        moduloUnsigned(f, d, s);
        break;
      case 6: // smod64
        moduloSigned(f, d, s);
        break;
      case 7: // or64
        f[d + 1] = f[d + 1]! | f[s + 1]!;
        f[d] = f[d]! | f[s]!;
        break;
      case 8: // and64
        f[d + 1] = f[d + 1]! & f[s + 1]!;
        f[d] = f[d]! & f[s]!;
        break;
      case 9: // xor64
        f[d + 1] = f[d + 1]! ^ f[s + 1]!;
        f[d] = f[d]! ^ f[s]!;
        break;
      case 10: {
        // lsh64
        const count = f[s]! & 63;
        const low = f[d]!;
        if (count >= 32) {
          f[d + 1] = low << count;
          f[d] = 0;
        } else if (count !== 0) {
          f[d + 1] = (f[d + 1]! << count) | (low >>> (32 - count));
          f[d] = low << count;
        }
        break;
      }
      case 11: {
        // rsh64
        const count = f[s]! & 63;
        const high = f[d + 1]!;
        if (count >= 32) {
          f[d] = high >>> count;
          f[d + 1] = 0;
        } else if (count !== 0) {
          f[d] = (f[d]! >>> count) | (high << (32 - count));
          f[d + 1] = high >>> count;
        }
        break;
      }
      case 12: {
        // arsh64
        const count = f[s]! & 63;
        const high = f[d + 1]!;
        if (count >= 32) {
          f[d] = high >> count;
          f[d + 1] = high >> 31;
        } else if (count !== 0) {
          f[d] = (f[d]! >>> count) | (high << (32 - count));
          f[d + 1] = high >> count;
        }
        break;
      }
      case 13: // mov64
        f[d + 1] = f[s + 1]!;
        f[d] = f[s]!;
        break;
      case 14: // add32
        f[d] = f[d]! + f[s]!;
        f[d + 1] = 0;
        break;
      case 15: // sub32
        f[d] = f[d]! - f[s]!;
        f[d + 1] = 0;
        break;
      case 16: // mul32
        f[d] = Math.imul(f[d]!, f[s]!);
        f[d + 1] = 0;
        break;
      case 17: {
        // div32
        const divisor = f[s]! >>> 0;
        f[d] = divisor === 0 ? 0 : ((f[d]! >>> 0) / divisor) >>> 0;
        f[d + 1] = 0;
        break;
      }
      case 18: {
        // sdiv32
        const divisor = f[s]!;
        f[d] = divisor === 0 ? 0 : (f[d]! / divisor) | 0;
        f[d + 1] = 0;
        break;
      }
      case 19: {
        // mod32
        const divisor = f[s]! >>> 0;
        if (divisor !== 0) f[d] = (f[d]! >>> 0) % divisor;
        f[d + 1] = 0;
        break;
      }
      case 20: {
        // smod32
        const divisor = f[s]!;
        if (divisor !== 0) f[d] = f[d]! % divisor;
        f[d + 1] = 0;
        break;
      }
      case 21: // or32
        f[d] = f[d]! | f[s]!;
        f[d + 1] = 0;
        break;
      case 22: // and32
        f[d] = f[d]! & f[s]!;
        f[d + 1] = 0;
        break;
      case 23: // xor32
        f[d] = f[d]! ^ f[s]!;
        f[d + 1] = 0;
        break;
      case 24: // lsh32
        f[d] = f[d]! << f[s]!;
        f[d + 1] = 0;
        break;
      case 25: // rsh32
        f[d] = f[d]! >>> f[s]!;
        f[d + 1] = 0;
        break;
      case 26: // arsh32
        f[d] = f[d]! >> f[s]!;
        f[d + 1] = 0;
        break;
      case 27: // mov32
        f[d] = f[s]!;
        f[d + 1] = 0;
        break;
      case 28: // neg64
        negate(f, d);
        break;
      case 29: // neg32
        f[d] = -f[d]!;
        f[d + 1] = 0;
        break;
      case 30: {
        // movsx 8 to 64
        const value = (f[s]! << 24) >> 24;
        f[d] = value;
        f[d + 1] = value >> 31;
        break;
      }
      case 31: {
        // movsx 16 to 64
        const value = (f[s]! << 16) >> 16;
        f[d] = value;
        f[d + 1] = value >> 31;
        break;
      }
      case 32: {
        // movsx 32 to 64
        const value = f[s]!;
        f[d] = value;
        f[d + 1] = value >> 31;
        break;
      }
      case 33: // movsx 8 to 32
        f[d] = (f[s]! << 24) >> 24;
        f[d + 1] = 0;
        break;
      case 34: // movsx 16 to 32
        f[d] = (f[s]! << 16) >> 16;
        f[d + 1] = 0;
        break;
      case 35: // le16
        f[d] = f[d]! & 0xffff;
        f[d + 1] = 0;
        break;
      case 36: // le32
        f[d + 1] = 0;
        break;
      case 37: // le64
        break;
      case 38: // be16, bswap16
        f[d] = ((f[d]! & 0xff) << 8) | ((f[d]! >>> 8) & 0xff);
        f[d + 1] = 0;
        break;
      case 39: {
        // be32, bswap32
        const low = f[d]!;
        f[d] = (((low << 8) | (low >>> 24)) & 0x00ff00ff) | (((low << 24) | (low >>> 8)) & 0xff00ff00);
        f[d + 1] = 0;
        break;
      }
      case 40: {
        // be64, bswap64
        const low = f[d]!;
        const high = f[d + 1]!;
        f[d] = (((high << 8) | (high >>> 24)) & 0x00ff00ff) | (((high << 24) | (high >>> 8)) & 0xff00ff00);
        f[d + 1] = (((low << 8) | (low >>> 24)) & 0x00ff00ff) | (((low << 24) | (low >>> 8)) & 0xff00ff00);
        break;
      }
      case 41: {
        // ldxb
        const x = code[pc - 1]!;
        const address = (f[s]! + x) | 0;
        if (f[s + 1]! !== 0 || (address - NULL_GUARD) >>> 0 > (room - 1) >>> 0) throw wildAccess(machine, f, s, x, 1, pc);
        f[d] = view.getUint8(address >>> 0);
        f[d + 1] = 0;
        break;
      }
      case 42: {
        // ldxh
        const x = code[pc - 1]!;
        const address = (f[s]! + x) | 0;
        if (f[s + 1]! !== 0 || (address - NULL_GUARD) >>> 0 > (room - 2) >>> 0) throw wildAccess(machine, f, s, x, 2, pc);
        f[d] = view.getUint16(address >>> 0, true);
        f[d + 1] = 0;
        break;
      }
      case 43: {
        // ldxw
        const x = code[pc - 1]!;
        const address = (f[s]! + x) | 0;
        if (f[s + 1]! !== 0 || (address - NULL_GUARD) >>> 0 > (room - 4) >>> 0) throw wildAccess(machine, f, s, x, 4, pc);
        f[d] = view.getInt32(address >>> 0, true);
        f[d + 1] = 0;
        break;
      }
      case 44: {
        // ldxdw
        const x = code[pc - 1]!;
        const address = (f[s]! + x) | 0;
        if (f[s + 1]! !== 0 || (address - NULL_GUARD) >>> 0 > (room - 8) >>> 0) throw wildAccess(machine, f, s, x, 8, pc);
        f[d] = view.getInt32(address >>> 0, true);
        f[d + 1] = view.getInt32((address + 4) >>> 0, true);
        break;
      }
      case 45: {
        // ldxsb
        const x = code[pc - 1]!;
        const address = (f[s]! + x) | 0;
        if (f[s + 1]! !== 0 || (address - NULL_GUARD) >>> 0 > (room - 1) >>> 0) throw wildAccess(machine, f, s, x, 1, pc);
        const value = view.getInt8(address >>> 0);
        f[d] = value;
        f[d + 1] = value >> 31;
        break;
      }
      case 46: {
        // ldxsh
        const x = code[pc - 1]!;
        const address = (f[s]! + x) | 0;
        if (f[s + 1]! !== 0 || (address - NULL_GUARD) >>> 0 > (room - 2) >>> 0) throw wildAccess(machine, f, s, x, 2, pc);
        const value = view.getInt16(address >>> 0, true);
        f[d] = value;
        f[d + 1] = value >> 31;
        break;
      }
      case 47: {
        // ldxsw
        const x = code[pc - 1]!;
        const address = (f[s]! + x) | 0;
        if (f[s + 1]! !== 0 || (address - NULL_GUARD) >>> 0 > (room - 4) >>> 0) throw wildAccess(machine, f, s, x, 4, pc);
        const value = view.getInt32(address >>> 0, true);
        f[d] = value;
        f[d + 1] = value >> 31;
        break;
      }
      case 48: {
        // stb, stxb
        const x = code[pc - 1]!;
        const address = (f[d]! + x) | 0;
        if (f[d + 1]! !== 0 || (address - NULL_GUARD) >>> 0 > (room - 1) >>> 0) throw wildAccess(machine, f, d, x, 1, pc);
        view.setInt8(address >>> 0, f[s]!);
        break;
      }
      case 49: {
        // sth, stxh
        const x = code[pc - 1]!;
        const address = (f[d]! + x) | 0;
        if (f[d + 1]! !== 0 || (address - NULL_GUARD) >>> 0 > (room - 2) >>> 0) throw wildAccess(machine, f, d, x, 2, pc);
        view.setInt16(address >>> 0, f[s]!, true);
        break;
      }
      case 50: {
        // stw, stxw
        const x = code[pc - 1]!;
        const address = (f[d]! + x) | 0;
        if (f[d + 1]! !== 0 || (address - NULL_GUARD) >>> 0 > (room - 4) >>> 0) throw wildAccess(machine, f, d, x, 4, pc);
        view.setInt32(address >>> 0, f[s]!, true);
        break;
      }
      case 51: {
        // stdw, stxdw
        const x = code[pc - 1]!;
        const address = (f[d]! + x) | 0;
        if (f[d + 1]! !== 0 || (address - NULL_GUARD) >>> 0 > (room - 8) >>> 0) throw wildAccess(machine, f, d, x, 8, pc);
        view.setInt32(address >>> 0, f[s]!, true);
        view.setInt32((address + 4) >>> 0, f[s + 1]!, true);
        break;
      }
      case 52: // ja, ja32
        pc = code[pc - 1]!;
        break;
      case 53: // jeq
        if (f[d]! === f[s]! && f[d + 1]! === f[s + 1]!) pc = code[pc - 1]!;
        break;
      case 54: // jne
        if (f[d]! !== f[s]! || f[d + 1]! !== f[s + 1]!) pc = code[pc - 1]!;
        break;
      case 55: // jgt
        if (f[d + 1]! === f[s + 1]! ? f[d]! >>> 0 > f[s]! >>> 0 : f[d + 1]! >>> 0 > f[s + 1]! >>> 0) pc = code[pc - 1]!;
        break;
      case 56: // jge
        if (f[d + 1]! === f[s + 1]! ? f[d]! >>> 0 >= f[s]! >>> 0 : f[d + 1]! >>> 0 > f[s + 1]! >>> 0) pc = code[pc - 1]!;
        break;
      case 57: // jlt
        if (f[d + 1]! === f[s + 1]! ? f[d]! >>> 0 < f[s]! >>> 0 : f[d + 1]! >>> 0 < f[s + 1]! >>> 0) pc = code[pc - 1]!;
        break;
      case 58: // jle
        if (f[d + 1]! === f[s + 1]! ? f[d]! >>> 0 <= f[s]! >>> 0 : f[d + 1]! >>> 0 < f[s + 1]! >>> 0) pc = code[pc - 1]!;
        break;
      case 59: // jsgt
        if (f[d + 1]! === f[s + 1]! ? f[d]! >>> 0 > f[s]! >>> 0 : f[d + 1]! > f[s + 1]!) pc = code[pc - 1]!;
        break;
      case 60: // jsge
        if (f[d + 1]! === f[s + 1]! ? f[d]! >>> 0 >= f[s]! >>> 0 : f[d + 1]! > f[s + 1]!) pc = code[pc - 1]!;
        break;
      case 61: // jslt
        if (f[d + 1]! === f[s + 1]! ? f[d]! >>> 0 < f[s]! >>> 0 : f[d + 1]! < f[s + 1]!) pc = code[pc - 1]!;
        break;
      case 62: // jsle
        if (f[d + 1]! === f[s + 1]! ? f[d]! >>> 0 <= f[s]! >>> 0 : f[d + 1]! < f[s + 1]!) pc = code[pc - 1]!;
        break;
      case 63: // jset
        if (((f[d]! & f[s]!) | (f[d + 1]! & f[s + 1]!)) !== 0) pc = code[pc - 1]!;
        break;
      case 64: // no common bits
        if (((f[d]! & f[s]!) | (f[d + 1]! & f[s + 1]!)) === 0) pc = code[pc - 1]!;
        break;
      case 65: // jeq32
        if (f[d]! === f[s]!) pc = code[pc - 1]!;
        break;
      case 66: // jne32
        if (f[d]! !== f[s]!) pc = code[pc - 1]!;
        break;
      case 67: // jgt32
        if (f[d]! >>> 0 > f[s]! >>> 0) pc = code[pc - 1]!;
        break;
      case 68: // jge32
        if (f[d]! >>> 0 >= f[s]! >>> 0) pc = code[pc - 1]!;
        break;
      case 69: // jlt32
        if (f[d]! >>> 0 < f[s]! >>> 0) pc = code[pc - 1]!;
        break;
      case 70: // jle32
        if (f[d]! >>> 0 <= f[s]! >>> 0) pc = code[pc - 1]!;
        break;
      case 71: // jsgt32
        if (f[d]! > f[s]!) pc = code[pc - 1]!;
        break;
      case 72: // jsge32
        if (f[d]! >= f[s]!) pc = code[pc - 1]!;
        break;
      case 73: // jslt32
        if (f[d]! < f[s]!) pc = code[pc - 1]!;
        break;
      case 74: // jsle32
        if (f[d]! <= f[s]!) pc = code[pc - 1]!;
        break;
      case 75: // jset32
        if ((f[d]! & f[s]!) !== 0) pc = code[pc - 1]!;
        break;
      case 76: // no common bits, 32-bit
        if ((f[d]! & f[s]!) === 0) pc = code[pc - 1]!;
        break;
      case 77: // call
        if (callHelper(machine, code[pc - 1]!, f, wide, depth)) return;
        view = state.view;
        room = (view.byteLength - NULL_GUARD) | 0;
        break;
      case 79: {
        // callx: a helper id, or the address of a function
        const helper = f[s + 1]! === 0 ? machine.code.helperIndex.get(f[s]! >>> 0) : undefined;
        if (helper !== undefined) {
          if (callHelper(machine, helper, f, wide, depth)) return;
          view = state.view;
          room = (view.byteLength - NULL_GUARD) | 0;
          break;
        }
        const target = f[s + 1]! === 0 ? (machine.code.rowOfSlot[slotOfCodeAddress(f[s]! >>> 0)] ?? -1) : -1;
        if (target < 0) throw fault(machine, 'undefined', 'call of a register that holds neither a helper nor a function', pc);
        if (depth >= maxFrames) throw fault(machine, 'frames', `more than ${maxFrames} frames`, pc);
        push(f, saved, depth, pc, mayGoto);
        mayGoto = MAY_GOTO_BUDGET;
        depth++;
        f[R10] = f[R10]! + frameSize;
        pc = target;
        break;
      }
      case 78: {
        // call local: r6..r9, the place to go on and the may_goto budget are kept. Word by word, here: a loop and a call cost more
        if (depth >= maxFrames) throw fault(machine, 'frames', `more than ${maxFrames} frames`, pc);
        const at = depth * SAVED_WORDS;
        saved[at] = f[R6]!;
        saved[at + 1] = f[R6 + 1]!;
        saved[at + 2] = f[R6 + 2]!;
        saved[at + 3] = f[R6 + 3]!;
        saved[at + 4] = f[R6 + 4]!;
        saved[at + 5] = f[R6 + 5]!;
        saved[at + 6] = f[R6 + 6]!;
        saved[at + 7] = f[R6 + 7]!;
        saved[at + 8] = pc;
        saved[at + 9] = mayGoto;
        mayGoto = MAY_GOTO_BUDGET;
        depth++;
        f[R10] = f[R10]! + frameSize;
        pc = code[pc - 1]!;
        break;
      }
      case 80: {
        // exit
        if (depth === baseDepth) return;
        depth--;
        f[R10] = f[R10]! - frameSize;
        const at = depth * SAVED_WORDS;
        f[R6] = saved[at]!;
        f[R6 + 1] = saved[at + 1]!;
        f[R6 + 2] = saved[at + 2]!;
        f[R6 + 3] = saved[at + 3]!;
        f[R6 + 4] = saved[at + 4]!;
        f[R6 + 5] = saved[at + 5]!;
        f[R6 + 6] = saved[at + 6]!;
        f[R6 + 7] = saved[at + 7]!;
        pc = saved[at + 8]!;
        mayGoto = saved[at + 9]!;
        break;
      }
      case 81: {
        // atomic, 4 bytes
        const x = code[pc - 1]!;
        const offset = (x << 16) >> 16;
        const address = (f[d]! + offset) | 0;
        if (f[d + 1]! !== 0 || (address - NULL_GUARD) >>> 0 > (room - 4) >>> 0) throw wildAccess(machine, f, d, offset, 4, pc);
        atomic(f, view, address >>> 0, s, x, false);
        break;
      }
      case 82: {
        // atomic, 8 bytes
        const x = code[pc - 1]!;
        const offset = (x << 16) >> 16;
        const address = (f[d]! + offset) | 0;
        if (f[d + 1]! !== 0 || (address - NULL_GUARD) >>> 0 > (room - 8) >>> 0) throw wildAccess(machine, f, d, offset, 8, pc);
        atomic(f, view, address >>> 0, s, x, true);
        break;
      }
      case 83: {
        // ld_abs, ld_ind: outside the packet, the function ends with r0 = 0
        const x = code[pc - 1]!;
        if (host.packetLoad === undefined) throw fault(machine, 'unsupported', 'this host has no legacy packet loads', pc);
        const loaded = host.packetLoad(f[R6]! >>> 0, (f[s]! + x) | 0, (d >> 1) as 1 | 2 | 4);
        f[0] = Math.max(loaded, 0);
        f[1] = 0;
        if (loaded < 0) pc = machine.code.exitRow;
        break;
      }
      case 84: // may_goto
        if (mayGoto === 0) pc = code[pc - 1]!;
        else mayGoto--;
        break;
      case 85: // counted jump
        machine.fuel -= s >> 1;
        if (machine.fuel < 0) throw fault(machine, 'budget', `more than ${machine.budget} instructions`, pc);
        pc = code[pc - 1]!;
        break;
      default: {
        const x = code[pc - 1]!;
        const { kind, message } = machine.code.faults[x]!;
        throw fault(machine, kind, message, pc);
      }
    }
  }
}

function fault(machine: Machine, kind: ExecutionFault['kind'], message: string, pc: number): ExecutionFault {
  return new ExecutionFault(kind, message, machine.code.slots[(pc - ROW) / ROW]);
}

function wildAccess(machine: Machine, file: Int32Array, base: number, offset: number, size: number, pc: number): ExecutionFault {
  const value = (BigInt(file[base + 1] ?? 0) << 32n) + BigInt((file[base] ?? 0) >>> 0) + BigInt(offset);
  return fault(machine, 'memory', `access to ${size} bytes at 0x${BigInt.asUintN(64, value).toString(16)}, which is outside the memory`, pc);
}

/** Calls a helper and says whether a tail call leaves the program. */
function callHelper(machine: Machine, index: number, file: Int32Array, wide: BigInt64Array, depth: number): boolean {
  machine.state.depth = depth;
  callWithRegisters(machine.calls[index]!, file, wide);
  machine.state.refresh();
  return machine.code.helpers[index]!.tailCall === true && (file[0]! | file[1]!) === 0 && machine.state.host.pendingTailCall !== undefined;
}

/** Saves what the caller keeps over a call through a register, as `call local` does where it is hot. */
function push(file: Int32Array, saved: Int32Array, depth: number, pc: number, mayGoto: number): void {
  const at = depth * SAVED_WORDS;
  saved[at] = file[R6]!;
  saved[at + 1] = file[R6 + 1]!;
  saved[at + 2] = file[R6 + 2]!;
  saved[at + 3] = file[R6 + 3]!;
  saved[at + 4] = file[R6 + 4]!;
  saved[at + 5] = file[R6 + 5]!;
  saved[at + 6] = file[R6 + 6]!;
  saved[at + 7] = file[R6 + 7]!;
  saved[at + 8] = pc;
  saved[at + 9] = mayGoto;
}
