"""What callgate's processes say to each other: frames, signatures, references, channel states, errors.

Nothing in this package touches a socket, a thread, a clock or cffi (`tests/test_layering.py` keeps it so).
"""
