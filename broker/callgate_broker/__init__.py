"""Who starts, watches and cleans up: the warden, the root of callgate's processes, and the talker, its public ear."""
