"""How callgate's messages travel: links, call channels, the I/O thread, runtime directories."""
