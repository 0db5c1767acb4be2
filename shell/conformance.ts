#!/usr/bin/env node
// The plug-in of the public eBPF conformance runner: program on standard input, result on standard output (see conformance-run.ts).
import { readFileSync } from 'node:fs';
import { runConformance } from './conformance-run.ts';

const { code, output } = runConformance(process.argv.slice(2), readFileSync(0, 'latin1'));
process.stdout.write(`${output}\n`);
process.exitCode = code;
