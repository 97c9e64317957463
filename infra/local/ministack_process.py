"""The emulator's process: MiniStack, whose Lambda runtime API sends what it has at once.

It writes an invocation's headers and its event one after the other. With Nagle's algorithm the event waits until the
function's kernel acknowledges the headers, which Linux does 40 ms later: two thirds of the time of a call.
"""

import socketserver

from ministack.app import main

if __name__ == "__main__":
    socketserver.StreamRequestHandler.disable_nagle_algorithm = True
    main()
