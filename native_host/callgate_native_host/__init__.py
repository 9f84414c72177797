"""The native host: the process that loads C libraries through cffi and performs calls.

The only part of callgate that imports cffi's backend, and only in `backend`. Nothing here ever parses C.
"""
