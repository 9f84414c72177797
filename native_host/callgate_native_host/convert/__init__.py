"""Wire values to C and back: one converter per form of `callgate_protocol.forms`, found in a table."""
