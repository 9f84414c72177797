"""How long calls take, as ratios to bare ZeroMQ on the same machine in the same minute: `python -m benchmarks`."""
