"""Wire values to C and back: one converter per form of `callgate_protocol.marshal`, found in a table."""
