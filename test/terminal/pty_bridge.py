"""Runs a program on a real pseudo-terminal: its screen goes to standard output, standard input is typed, descriptor 3 carries orders.

Orders are lines: `resize COLUMNS ROWS`, `signal NUMBER`. The exit code is the program's (128 + signal where one ended it).
Usage: pty_bridge.py COLUMNS ROWS PROGRAM [ARGUMENT ...]
"""
import fcntl
import os
import pty
import select
import struct
import sys
import termios


def set_size(descriptor, columns, rows):
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def obey(master, child, line):
    words = line.split()
    if words[0] == b"resize":
        set_size(master, int(words[1]), int(words[2]))
    elif words[0] == b"signal":
        os.kill(child, int(words[1]))


def main():
    columns, rows = int(sys.argv[1]), int(sys.argv[2])
    child, master = pty.fork()
    if child == 0:
        os.close(3)
        set_size(0, columns, rows)
        os.execvp(sys.argv[3], sys.argv[3:])
    sources = [master, 0, 3]
    orders = b""
    while master in sources:
        for source in select.select(sources, [], [])[0]:
            try:
                data = os.read(source, 65536)
            except OSError:
                data = b""
            if not data:
                sources.remove(source)
                if source == 0:
                    # Nobody types any more: the terminal hangs up.
                    os.close(master)
                    sources = []
                    break
            elif source == master:
                os.write(1, data)
            elif source == 0:
                os.write(master, data)
            else:
                orders += data
                while b"\n" in orders:
                    line, orders = orders.split(b"\n", 1)
                    obey(master, child, line)
    status = os.waitpid(child, 0)[1]
    sys.exit(128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status))


main()
