"""What the tests of several folders share: raw peers, servers on free ports, event loops.

pytest has ``tools`` on its path; nothing of this is installed with any package.
"""

from ._loops import LOOPS, Run, run_on
from ._wire import Peer, connecting, serve

__all__ = ["LOOPS", "Peer", "Run", "connecting", "run_on", "serve"]
