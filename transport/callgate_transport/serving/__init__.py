"""The serving end of sessions: a link listener, control channels, call channels and the threads that serve them."""
