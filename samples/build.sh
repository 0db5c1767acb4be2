#!/bin/sh
# Rebuilds the sample objects beside their sources. Needs clang and llvm-strip (made with clang 14).
# Runs from the project's root, so that debug information names "./samples/<file>" whatever the machine.
set -eu
cd "$(dirname "$0")/.."

compile() { # source object [flags]
    source=$1
    object=$2
    shift 2
    clang -target bpf -O2 -Wall -Wno-unused-function -Wno-unused-variable -fdebug-compilation-dir=. "$@" -c "samples/$source" -o "samples/$object"
}

for path in samples/*.c; do
    name=$(basename "$path" .c)
    case $name in
    # As the tutorial builds them: no debug information, then the same with it.
    bpf) compile bpf.c bpf.o && compile bpf.c bpf-d.o -g ;;
    bpf2) compile bpf2.c bpf2.o ;;
    # Types and source lines stay (.BTF, .BTF.ext); DWARF, which nothing here reads, goes.
    *) compile "$name.c" "$name.o" -g && llvm-strip -g "samples/$name.o" ;;
    esac
done
