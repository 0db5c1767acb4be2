/** Program types, attach types and section names of eBPF for Windows (ebpf_program_types.h, ebpf_program_attach_type_guids.h and the extensions' section data). */
import type { AttachType, ProgramType, SectionPrefix } from '../platform.ts';
import * as helpers from './helpers.ts';
import * as layouts from './layouts.ts';

/** No program type has a return-value policy: hooks treat unknown values as their safe default. */
export const programTypes: readonly ProgramType[] = [
  { name: 'unspec', id: 0, context: layouts.noContext },
  {
    name: 'xdp',
    id: 1,
    guid: 'f1832a85-85d5-45b0-98a0-7069d63013b0',
    context: layouts.xdp,
    ownHelpers: helpers.xdpHelpers,
    packetWrite: true,
  },
  {
    name: 'bind',
    id: 2,
    guid: '608c517c-6c52-4a26-b677-bb1c34425adf',
    context: layouts.bind,
    ownHelpers: helpers.bindHelpers,
    packetWrite: true,
  },
  {
    name: 'sock_addr',
    id: 3,
    guid: '92ec8e39-aeec-11ec-9a30-18602489beee',
    context: layouts.socketAddress,
    ownHelpers: helpers.socketAddressHelpers,
  },
  {
    name: 'sockops',
    id: 4,
    guid: '43fb224d-68f8-46d6-aa3f-c856518cbb32',
    context: layouts.socketOperations,
    ownHelpers: helpers.socketOperationsHelpers,
  },
  {
    name: 'netevent_monitor',
    id: 5,
    guid: 'fc4adc85-49c3-4f0a-8393-facce89cde91',
    context: layouts.networkEvent,
    ownHelpers: helpers.networkEventHelpers,
    packetWrite: true,
  },
  {
    name: 'process',
    id: 6,
    guid: '22ea7b37-1043-4d0d-b60d-cafa1c7b638e',
    context: layouts.process,
    ownHelpers: helpers.processHelpers,
    packetWrite: true,
  },
  {
    name: 'sample',
    id: 999,
    guid: 'f788ef4a-207d-4dc3-85cf-0f2ea107213c',
    context: layouts.sample,
    ownHelpers: helpers.sampleHelpers,
    packetWrite: true,
  },
];

function attach(id: number, name: string, programType: string, guid: string): AttachType {
  return { id, name, programType, guid };
}

/** Named by their section prefixes, as `show links` prints them. */
export const attachTypes: readonly AttachType[] = [
  attach(1, 'xdp', 'xdp', '85e0d8ef-579e-4931-b072-8ee226bb2e9d'),
  attach(2, 'bind', 'bind', 'b9707e04-8127-4c72-833e-05b1fb439496'),
  attach(3, 'cgroup/connect4', 'sock_addr', 'a82e37b1-aee7-11ec-9a30-18602489beee'),
  attach(4, 'cgroup/connect6', 'sock_addr', 'a82e37b2-aee7-11ec-9a30-18602489beee'),
  attach(5, 'cgroup/recv_accept4', 'sock_addr', 'a82e37b3-aee7-11ec-9a30-18602489beee'),
  attach(6, 'cgroup/recv_accept6', 'sock_addr', 'a82e37b4-aee7-11ec-9a30-18602489beee'),
  attach(7, 'sockops', 'sockops', '837d02cd-3251-4632-8d94-60d3b45769f2'),
  attach(8, 'sample_ext', 'sample', 'f788ef4b-207d-4dc3-85cf-0f2ea107213c'),
  attach(10, 'netevent_monitor', 'netevent_monitor', '68011b08-ab6b-4b46-85e4-67bae1afe741'),
  attach(11, 'process', 'process', '66e20687-9805-4458-a0db-38e220d31685'),
  attach(12, 'cgroup/connect_authorization4', 'sock_addr', '6076c13a-f04f-4ff8-8380-908553f22276'),
  attach(13, 'cgroup/connect_authorization6', 'sock_addr', '54b0b6ed-432a-4674-8b27-8d9f5b40c675'),
  attach(14, 'cgroup/bind4', 'sock_addr', '0d7ce21a-7773-405c-93b6-d5bfb92e74bc'),
  attach(15, 'cgroup/bind6', 'sock_addr', '81de64c0-2973-468d-8382-6769f033d759'),
  attach(16, 'cgroup/listen4', 'sock_addr', 'e1b0cb3d-d70c-4ee2-b23a-0742bedb06d6'),
  attach(17, 'cgroup/listen6', 'sock_addr', '4e72f92e-5ed0-4fe5-b851-b124fe14074d'),
];

/** Every attach type has one section prefix of the same name; prefixes are plain (`bind/1`, `sample_ext/0`, `xdp_prog` match). */
export const sections: readonly SectionPrefix[] = attachTypes.map(({ name, programType }) => ({
  prefix: name,
  exact: false,
  programType,
  attachType: name,
}));
