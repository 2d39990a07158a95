"""The engines that carry messages between processes, behind one small interface."""
